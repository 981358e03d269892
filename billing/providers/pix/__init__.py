from billing.providers.pix.brcode import BrCode, BrCodeError, brcode, txid_of
from billing.providers.pix.keys import KeyKind, PixKey, PixKeyError, read_key

__all__ = ["BrCode", "BrCodeError", "KeyKind", "PixKey", "PixKeyError", "brcode", "read_key", "txid_of"]
