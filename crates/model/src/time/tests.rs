use super::*;
use proptest::prelude::*;

fn check(text: &str, expected: &str) {
    let read =
        Timestamp::parse_text(text).map_or_else(|| "none".to_owned(), |time| time.to_string());
    assert_eq!(read, expected, "{text:?}");
}

#[test]
fn iso_8601() {
    for text in [
        "2023-06-23T11:33:17.186Z",
        "2023-06-23T11:33:17.186+00:00",
        "2023-06-23T14:33:17.186+03:00",
        "2023-06-23T14:33:17,186+0300",
        "2023-06-23 14:33:17.186000999 +03",
        "2023-06-23t11:33:17.186z",
        "2023-06-23 11:33:17.186",
        " 2023-06-23T11:33:17.186\n",
        "2023-06-23T07:03:17.186-04:30",
        "2023-06-23T14:33:17.186+03:00[Europe/Istanbul]",
        "2023-06-23 11:33:17.186 UTC",
        "20230623T113317.186Z",
        "20230623 113317.186",
        "20230623113317.186",
        "2023/06/23 11:33:17.186",
        "2023.06.23 11:33:17.186",
        "23.06.2023 11:33:17.186",
    ] {
        check(text, "2023-06-23T11:33:17.186000Z");
    }
}

#[test]
fn any_number_of_fraction_digits() {
    check("2023-06-23T11:33:17+00:00", "2023-06-23T11:33:17.000000Z");
    check("2023-06-23T11:33:17.", "2023-06-23T11:33:17.000000Z");
    check("2023-06-23T11:33:17.46+00:00", "2023-06-23T11:33:17.460000Z");
    check("2023-06-23T11:33:17.00073+00:00", "2023-06-23T11:33:17.000730Z");
    check("2023-06-23T11:33:17.000768+00:00", "2023-06-23T11:33:17.000768Z");
    check("2023-06-23T11:33:17.123456789012Z", "2023-06-23T11:33:17.123456Z");
}

#[test]
fn coarser_than_a_second() {
    check("2023-06-23", "2023-06-23T00:00:00.000000Z");
    check("2023-06-23T11:33", "2023-06-23T11:33:00.000000Z");
    check("1.6.2023 9:05", "2023-06-01T09:05:00.000000Z");
    check("20230623T1133Z", "2023-06-23T11:33:00.000000Z");
    check("2023-06-23T24:00:00Z", "2023-06-24T00:00:00.000000Z");
    check("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z");
}

#[test]
fn epochs_by_magnitude() {
    check("1687519997", "2023-06-23T11:33:17.000000Z");
    for text in [
        "1687519997186",
        "1687519997186000",
        "1687519997186000999",
        "1687519997.186",
        "1687519997186.0",
        "1.687519997186E12",
        "1687519997186e0",
        "1687519997186000e-3",
        "1.687519997186e+9",
        "0001687519997186",
    ] {
        check(text, "2023-06-23T11:33:17.186000Z");
    }
    check("631152000", "1990-01-01T00:00:00.000000Z");
    check("4102444799", "2099-12-31T23:59:59.000000Z");
}

#[test]
fn prices_and_row_numbers_are_no_times() {
    for text in [
        "0",
        "1",
        "129.90",
        "20230623",
        "90001",
        "631151999",
        "4102444800",
        "63115199999",
        "99999999999",
        "8690000000000000000000",
        "-1687519997186",
        "1687519997186e400",
        "1e999",
        ".",
        "e9",
        "0.0000000001687519997",
    ] {
        check(text, "none");
    }
}

#[test]
fn dot_net_dates() {
    check("/Date(1687519997186)/", "2023-06-23T11:33:17.186000Z");
    check("/Date(1687519997186+0300)/", "2023-06-23T11:33:17.186000Z");
    check("/Date(-62135596800000)/", "0001-01-01T00:00:00.000000Z");
    check("/Date()/", "none");
    check("/Date(99999999999999999999)/", "none");
    check("/Date(9223372036854775807)/", "none");
}

#[test]
fn mail_and_http_dates() {
    for text in [
        "Tue, 01 Nov 2022 10:00:00 GMT",
        "Tue, 1 Nov 2022 13:00:00 +0300",
        "1 Nov 2022 10:00 UT",
        "Tuesday, 01-Nov-22 10:00:00 GMT",
        "Tue Nov  1 10:00:00 2022",
        "Tue Nov 01 13:00:00 TRT 2022",
        "Tue Nov 01 2022 13:00:00 GMT+0300 (GMT+03:00)",
        "01/Nov/2022:13:00:00 +0300",
        "01 november 2022 05:00:00 EST",
    ] {
        check(text, "2022-11-01T10:00:00.000000Z");
    }
}

#[test]
fn slashes_where_month_and_day_are_known() {
    check("12/28/2021 10:06:39.938 UTC", "2021-12-28T10:06:39.938000Z");
    check("12/08/2021 10:06:39.938 UTC", "2021-12-08T10:06:39.938000Z");
    check("12/08/2021 13:06:39.938 TRT", "2021-12-08T10:06:39.938000Z");
    check("28/12/2021 10:06", "2021-12-28T10:06:00.000000Z");
    check("3/1/2024 1:05:06 PM", "2024-03-01T13:05:06.000000Z");
    check("3/1/2024, 12:05 AM", "2024-03-01T00:05:00.000000Z");
    check("13/13/2024 10:00", "none");
    check("3/1/2024 13:05 PM", "none");
    check("3/1/2024", "none");
}

#[test]
fn what_does_not_exist_is_none() {
    for text in [
        "",
        " ",
        "System",
        "null",
        "2023-02-29T00:00:00Z",
        "1900-02-29",
        "2023-13-01",
        "2023-06-31",
        "2023-06-23T25:00:00Z",
        "2023-06-23T24:00:01Z",
        "2023-06-23T11:60:00Z",
        "2023-06-23T11:33:61Z",
        "2023-06-23T",
        "2023-06-23T11",
        "2023-06-23T11:33:17+24:00",
        "2023-06-23T11:33:17 XYZ",
        "2023-06-23T11:33:17Zjunk",
        "2023-06/23",
        "11/12/2022 10:00:00",
        "Tue",
        "Tue, 01 Foo 2022 10:00:00 GMT",
        "SKU-000123",
        "12.5.3",
        "٢٠٢٣-٠٦-٢٣",
    ] {
        check(text, "none");
    }
}

#[test]
fn placeholders_are_read_but_not_plausible() {
    let placeholder = Timestamp::parse_text("0001-01-01T00:00:00").unwrap();
    assert!(!placeholder.is_plausible());
    assert!(!Timestamp(0).is_plausible());
    assert!(Timestamp::parse_text("2023-06-23T11:33:17Z").unwrap().is_plausible());
}

#[test]
fn the_ends_of_the_range_can_be_written() {
    assert_eq!(Timestamp(i64::MIN).to_string(), "-290308-12-21T19:59:05.224192Z");
    assert_eq!(Timestamp(i64::MAX).to_string(), "+294247-01-10T04:00:54.775807Z");
    assert_eq!(Timestamp(-1).to_string(), "1969-12-31T23:59:59.999999Z");
}

#[test]
fn every_day_of_eight_centuries_is_the_next_one() {
    let (mut year, mut month, mut day) = (1600_u32, 1_u32, 1_u32);
    for days in days_from_civil(1600, 1, 1)..days_from_civil(2400, 1, 1) {
        assert_eq!(civil(days), (i64::from(year), i64::from(month), i64::from(day)));
        assert_eq!(date(year, month, day), Some(days));
        (year, month, day) = if date(year, month, day + 1).is_some() {
            (year, month, day + 1)
        } else if month < 12 {
            (year, month + 1, 1)
        } else {
            (year + 1, 1, 1)
        };
    }
}

proptest! {
    #[test]
    fn written_times_are_read_back(micros in -62_167_219_200_000_000_i64..253_402_300_800_000_000) {
        let time = Timestamp(micros);
        prop_assert_eq!(Timestamp::parse_text(&time.to_string()), Some(time));
    }

    #[test]
    fn order_as_text_is_order_in_time(a in 0..253_402_300_800_000_000_i64, b in 0..253_402_300_800_000_000_i64) {
        prop_assert_eq!(a.cmp(&b), Timestamp(a).to_string().cmp(&Timestamp(b).to_string()));
    }

    #[test]
    fn epochs_are_read_back_in_every_unit(micros in Timestamp::PLAUSIBLE_FROM.0..Timestamp::PLAUSIBLE_BEFORE.0) {
        let of = |text: String| Timestamp::parse_text(&text).map(|time| time.0);
        prop_assert_eq!(of((micros / 1_000_000).to_string()), Some(micros / 1_000_000 * 1_000_000));
        prop_assert_eq!(of((micros / 1_000).to_string()), Some(micros / 1_000 * 1_000));
        prop_assert_eq!(of(micros.to_string()), Some(micros));
        prop_assert_eq!(of((micros * 1_000).to_string()), Some(micros));
        prop_assert_eq!(of(format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)), Some(micros));
    }

    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = Timestamp::parse_text(&text);
        let _ = Timestamp::from_number_text(&text);
    }

    #[test]
    fn nothing_near_a_time_panics(text in "[0-9TZ:., /()+A-Za-z-]{0,40}") {
        let _ = Timestamp::parse_text(&text);
        let _ = Timestamp::from_number_text(&text);
    }
}

#[test]
fn a_zone_does_not_lead_out_of_the_calendar() {
    assert_eq!(Timestamp::parse_text("9999-12-31T23:59:59.999999999-23:59"), None);
    assert_eq!(Timestamp::parse_text("0000-01-01T00:00:00+00:01"), None);
    assert!(Timestamp::parse_text("9999-12-31T23:59:59.999999Z").is_some());
    assert!(Timestamp::parse_text("0000-01-01T00:00:00Z").is_some());
}
