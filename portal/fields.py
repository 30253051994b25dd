"""Encrypted model fields: AES-256-GCM with the model, the field and the row as associated data.

A ciphertext copied to another row, field or model does not decrypt. The money field lives in `ledger.fields`, because
the ledger needs it too and must not know the portal.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.query_utils import DeferredAttribute

if TYPE_CHECKING:
    TextField = models.TextField[Mapping[str, str], dict[str, str]]
else:
    TextField = models.TextField

VERSION = "v1"
NONCE_BYTES = 12


class Undecryptable(Exception):
    """The stored secret cannot be read: its key is missing, or it was changed or moved to another row."""


class Sealed(str):
    """A ciphertext as it stands in the database: `v1:<key id>:<base64 of nonce and ciphertext>`."""

    __slots__ = ()


def key_ring() -> dict[str, bytes]:
    """The keys of `FIELD_KEYS` (`id:base64 of 32 bytes`); the first one encrypts, all decrypt."""
    ring: dict[str, bytes] = {}
    for entry in settings.FIELD_KEYS:
        key_id, _, encoded = entry.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ImproperlyConfigured("FIELD_KEYS: each entry is `id:base64 of 32 bytes`.") from error
        if len(key) != 32 or not key_id:
            raise ImproperlyConfigured("FIELD_KEYS: each entry is `id:base64 of 32 bytes`.")
        ring[key_id] = key
    if not ring:
        raise ImproperlyConfigured("FIELD_KEYS is empty: secrets cannot be stored.")
    return ring


def seal(plain: str, bound_to: str) -> Sealed:
    """Encrypt `plain` with the first key, bound to a place such as `connections.connection|secrets|<uuid>`."""
    key_id, key = next(iter(key_ring().items()))
    nonce = os.urandom(NONCE_BYTES)
    blob = nonce + AESGCM(key).encrypt(nonce, plain.encode(), bound_to.encode())
    return Sealed(f"{VERSION}:{key_id}:{base64.b64encode(blob).decode()}")


def unseal(sealed: str, bound_to: str) -> str:
    """The plain text. Raises `Undecryptable`, never returns the ciphertext."""
    version, _, rest = sealed.partition(":")
    key_id, _, encoded = rest.partition(":")
    key = key_ring().get(key_id)
    if version != VERSION or key is None:
        raise Undecryptable(f"No key {key_id!r} for a secret in {bound_to.partition('|')[0]}.")
    blob = base64.b64decode(encoded)
    try:
        return AESGCM(key).decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], bound_to.encode()).decode()
    except InvalidTag as error:
        raise Undecryptable(f"A secret in {bound_to.partition('|')[0]} was changed or moved.") from error


class EncryptedAttribute(DeferredAttribute):
    """Decrypts on first access, when the row (and so the associated data) is known."""

    field: EncryptedJSONField

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        value = super().__get__(instance, cls)
        if instance is not None and isinstance(value, Sealed):
            value = json.loads(unseal(value, self.field.place(instance)))
            instance.__dict__[self.field.attname] = value
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedJSONField(TextField):
    """A JSON object of strings, encrypted at rest. The model needs a primary key that is set before saving (a UUID).

    It can be read and saved, never searched, and `QuerySet.update` refuses it (the row is not known there).
    """

    descriptor_class = EncryptedAttribute

    def place(self, instance: models.Model) -> str:
        """The associated data: which model, field and row this secret belongs to."""
        return f"{instance._meta.label_lower}|{self.attname}|{instance.pk}"

    def from_db_value(self, value: str | None, *_: object) -> Sealed | None:
        return None if value is None else Sealed(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        plain = getattr(model_instance, self.attname)
        return seal(json.dumps(dict(plain)), self.place(model_instance))

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Sealed):
            return str(value)
        raise TypeError(f"{self.name} is encrypted: save it through its row; it cannot be searched or bulk updated.")

    def value_to_string(self, obj: models.Model) -> str:
        return cast("str", self.pre_save(obj, add=False))
