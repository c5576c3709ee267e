//! Texts that occur many times, by number.

use std::collections::HashMap;

use serde::Serialize;

use crate::shown::{ShownText, shown};

/// Different texts in the order in which they were first added.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct NameList {
    texts: Vec<ShownText<'static>>,
    #[serde(skip)]
    places: HashMap<String, i32>,
}

impl NameList {
    /// The number of a text, from 0; -1 when there is none.
    pub(crate) fn place(&mut self, text: Option<&str>) -> i32 {
        let Some(text) = text else { return -1 };
        if let Some(&place) = self.places.get(text) {
            return place;
        }
        let place = i32::try_from(self.texts.len()).unwrap_or(i32::MAX);
        self.texts.push(shown(text).into_owned());
        self.places.insert(text.to_owned(), place);
        place
    }

    /// The text of a number; `None` for -1.
    pub(crate) fn get(&self, place: i32) -> Option<&ShownText<'static>> {
        usize::try_from(place).ok().and_then(|place| self.texts.get(place))
    }
}
