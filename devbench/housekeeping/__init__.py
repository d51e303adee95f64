"""What devbench left behind and nobody needs: on this host, by age and by a budget, and on phones."""

from devbench.housekeeping.amounts import parse_age, parse_size
from devbench.housekeeping.caches import lab_leftovers, variant_leftovers
from devbench.housekeeping.host import Leftover, find_leftovers, folder_bytes, remove
from devbench.housekeeping.keep import Keep, what_to_keep
from devbench.housekeeping.phone import PhonePart, clean_phone, look_at_phone
from devbench.housekeeping.plan import Plan, plan_host

__all__ = [
    "Keep",
    "Leftover",
    "PhonePart",
    "Plan",
    "clean_phone",
    "find_leftovers",
    "folder_bytes",
    "lab_leftovers",
    "look_at_phone",
    "parse_age",
    "parse_size",
    "plan_host",
    "remove",
    "variant_leftovers",
    "what_to_keep",
]
