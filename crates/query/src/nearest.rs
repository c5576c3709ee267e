//! The name that was probably meant.

/// Of `names` the one that differs least from `name`, letter case aside; `None` when more than a third of its
/// characters differ. The first of several that are equally near.
pub(crate) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let name = name.to_lowercase();
    let length = name.chars().count();
    let most = (length / 3).max(1);
    let mut best = None;
    for candidate in names {
        // A difference in length is a difference; most candidates end here.
        if candidate.len().abs_diff(name.len()) > 4 * most {
            continue;
        }
        let distance = strsim::osa_distance(&name, &candidate.to_lowercase());
        if distance <= most && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(nearest(name, ["status", "step", "flow", "since"]), expected, "{name}");
        };
        check("staus", Some("status"));
        check("STATUS", Some("status"));
        check("sinec", Some("since"));
        check("flows", Some("flow"));
        check("flwo", Some("flow"));
        check("endpoint", None);
        check("", None);
    }
}
