//! Texts that occur many times, by number.

use std::collections::HashMap;

use serde::Serialize;

use crate::shown::{Masker, ShownText, plain};

/// Different texts in the order in which they were first added.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct NameList {
    texts: Vec<ShownText<'static>>,
    #[serde(skip)]
    places: HashMap<String, i32>,
    /// Masks the texts; `None` for names in which nothing is masked.
    #[serde(skip)]
    masker: Option<Masker>,
}

impl NameList {
    /// A list whose texts are masked.
    pub(crate) fn masked(masker: &Masker) -> Self {
        Self { masker: Some(masker.clone()), ..Self::default() }
    }

    /// The number of a text, from 0; -1 when there is none.
    pub(crate) fn place(&mut self, text: Option<&str>) -> i32 {
        let Some(text) = text else { return -1 };
        if let Some(&place) = self.places.get(text) {
            return place;
        }
        let place = i32::try_from(self.texts.len()).unwrap_or(i32::MAX);
        let shown = match &self.masker {
            Some(masker) => masker.shown(text),
            None => plain(text),
        };
        self.texts.push(shown.into_owned());
        self.places.insert(text.to_owned(), place);
        place
    }

    /// The text of a number; `None` for -1.
    pub(crate) fn get(&self, place: i32) -> Option<&ShownText<'static>> {
        usize::try_from(place).ok().and_then(|place| self.texts.get(place))
    }
}
