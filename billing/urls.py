from django.urls import path

from billing.views import fiscal, pay, plan, settings
from billing.webhooks.views import stripe_hook

app_name = "billing"

urlpatterns = [
    path("avisos/stripe/<str:token>/", stripe_hook, name="stripe-hook"),
    path("pagar/<str:token>/", pay.pay, name="pay"),
    path("pagar/<str:token>/stripe/", pay.pay_at_stripe, name="pay-stripe"),
    path("configuracoes/plano/", plan.plan_page, name="plan"),
    path("configuracoes/plano/pedir/", plan.plan_ask, name="plan-ask"),
    path("configuracoes/pagamentos/", settings.payments, name="payments"),
    path("configuracoes/pagamentos/pix/", settings.pix_save, name="pix-save"),
    path("configuracoes/pagamentos/stripe/", settings.stripe_save, name="stripe-save"),
    path("configuracoes/pagamentos/stripe/testar/", settings.stripe_test, name="stripe-test"),
    path("configuracoes/pagamentos/stripe/remover/", settings.stripe_remove, name="stripe-remove"),
    path("configuracoes/nota-fiscal/", fiscal.fiscal, name="fiscal"),
    path("configuracoes/nota-fiscal/testar/", fiscal.fiscal_test, name="fiscal-test"),
]
