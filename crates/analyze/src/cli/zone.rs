//! The clock of what people read and type: now, and the time zone, set once by `--tz`. Files and JSON hold UTC whatever it is.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use query::Zone;
use tables::cell::Micros;

static ZONE: OnceLock<Zone> = OnceLock::new();

/// The zone of this run; UTC unless it was set.
pub(crate) fn zone() -> &'static Zone {
    ZONE.get_or_init(Zone::default)
}

/// Sets it, before anything is shown.
pub(crate) fn set_zone(zone: Zone) {
    ZONE.get_or_init(|| zone);
}

/// Its short name, for heads of columns: `UTC`, `Istanbul`.
pub(crate) fn short_name() -> &'static str {
    let name = zone().name();
    name.rsplit('/').next().unwrap_or(name)
}

/// What `-3h` and `yesterday` refer to.
pub(crate) fn now() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
