"""Why a message was refused, in the words of its owner: what happened and what to do about it."""

from django.utils.translation import gettext as _


def words(code: str, text: str = "") -> str:
    """Return a refusal in plain words; for a code that nobody has put into words, what the provider wrote."""
    return _known().get(code, "") or text or (_("The provider refused it (%(code)s).") % {"code": code} if code else "")


def _known() -> dict[str, str]:
    return {
        "window": _("More than 24 hours have passed since the person's last message. Send an approved template."),
        "window_by_hand": _("More than 7 days have passed since the person's last message. This network waits for them to write."),
        "window_over": _("The time to answer on this network is over. It waits for the person to write again."),
        "window_page": _("This person has not written to you yet. On this network people write first."),
        "human_agent": _(
            "After 24 hours Meta lets a person answer only with the Human Agent permission. Ask for it in your app's review."
        ),
        "131047": _("More than 24 hours have passed since the person's last message. Send an approved template."),
        "470": _("More than 24 hours have passed since the person's last message. Send an approved template."),
        "no_whatsapp": _("This phone has no WhatsApp."),
        "131026": _("It could not be delivered: the phone has no WhatsApp, an old version, or did not accept its terms."),
        "131021": _("The message was sent to the number itself."),
        "131030": _("This is a test number of Meta: add the phone to its list of allowed recipients first."),
        "131049": _("WhatsApp held it back so that the person does not get too much advertising. Try another day."),
        "131050": _("The person asked WhatsApp not to get advertising from you any more."),
        "130472": _("The person is part of an experiment of WhatsApp and gets no advertising from anybody now."),
        "130497": _("Your account may not write to phones of this country."),
        "131051": _("WhatsApp does not take messages of this kind."),
        "131052": _("WhatsApp could not fetch the file."),
        "131053": _("WhatsApp did not accept the file: its kind or its size."),
        "131008": _("Something is missing in the message."),
        "131009": _("Something in the message has the wrong form."),
        "100": _("Something in the message has the wrong form."),
        "132000": _("The template needs another number of values than were given."),
        "132001": _("The template does not exist in this language or is not approved yet."),
        "132005": _("With its values the text of the template is too long."),
        "132007": _("The text breaks WhatsApp's rules for templates."),
        "132008": _("A value of the template has the wrong form."),
        "132012": _("A value of the template has the wrong form."),
        "132015": _("WhatsApp paused this template because of its quality. Use another one for now."),
        "132016": _("WhatsApp disabled this template because of its quality. Write a new one."),
        "131056": _("Too many messages to the same person in a short time."),
        "131062": _("This person hides the phone and cannot be written to by this number yet."),
        "131063": _("Templates of advertising are turned off for this number."),
        "131048": _("WhatsApp limits this number because too many people blocked or reported it."),
        "131031": _("WhatsApp locked the account."),
        "368": _("WhatsApp blocked the account for a while because of its rules."),
        "audio_caption": _("A voice message carries no text here. Send the text by itself."),
        "file_caption": _("A file carries no text here. Send the text by itself."),
        "too_long": _("The text is too long for this network. Send it in parts."),
        "portfolio_limit": _("Your business has reached Meta's limit of people in 24 hours. Answer who wrote, or wait."),
        "blocked": _("The person blocked you or never wrote to you."),
        "551": _("The person cannot be reached now."),
        "10903": _("This person cannot be answered any more."),
        "10904": _("This person cannot be answered any more."),
    }  # fmt: skip
