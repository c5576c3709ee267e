//! Requests and answers that are logged as records of their own, and have an id in common.
//!
//! A record that is only a request waits for its answer. When that comes, the fields of both make one exchange,
//! at the place of the request. What gets no answer is handed out when the text ends, or when too much waits.

use std::collections::VecDeque;

use super::{Inherited, Walk};
use crate::json::Cursor;
use crate::record::{Field, FieldSide, MAX_FIELDS, scan};
use crate::roles::Role;
use crate::slots::{ADDRESS, ERRORS, EXCEPTION, FLAG, REQUEST, RESPONSE, STATUS, Slots};

/// Bytes of requests that wait at most; beyond that the oldest is handed out without an answer.
const MAX_BYTES: usize = 4 << 20;

/// Requests that wait at most. Answers come soon, and each is looked for among all that wait.
const MAX_WAITING: usize = 256;

/// Requests that wait for their answers, in the order they stand.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    requests: VecDeque<WaitingRequest>,
    bytes: usize,
}

#[derive(Debug)]
struct WaitingRequest {
    correlation: String,
    /// The record.
    text: String,
    pointer: String,
    /// What stood around it: log, run, flow, step.
    around: [Option<String>; 4],
}

impl Walk<'_> {
    /// Lets a record wait for its answer, or joins an answer with its request; whether it did either.
    pub(super) fn half<'a>(
        &mut self,
        fields: &[Field<'a>],
        slots: &Slots<'a>,
        above: &Inherited<'a>,
    ) -> bool {
        let Some(correlation) = slots.correlation else { return false };
        let answer = RESPONSE | STATUS | ERRORS | EXCEPTION | FLAG;
        if slots.evidence & answer == 0 {
            if slots.evidence & (REQUEST | ADDRESS) == 0 {
                return false;
            }
            self.wait(correlation, fields, above);
            return true;
        }
        // `payload` and the like are a body of either side.
        let sent = |field: &Field<'_>| match field.role {
            Role::Request | Role::RawRequest => true,
            Role::RequestBody => !is_any_body(field),
            _ => false,
        };
        if fields.iter().any(|field| sent(field) && !field.value.is_empty()) {
            return false;
        }
        let waits = |request: &WaitingRequest| request.correlation == correlation;
        let Some(at) = self.waiting.requests.iter().position(waits) else { return false };
        if let Some(request) = self.waiting.requests.remove(at) {
            self.waiting.bytes -= request.text.len();
            self.join(&request, fields, above);
        }
        true
    }

    fn wait(&mut self, correlation: &str, fields: &[Field<'_>], above: &Inherited<'_>) {
        let mut text = String::from("{");
        for field in fields.iter().filter(|field| field.parent.is_none()) {
            let before = if text.len() > 1 { ",\"" } else { "\"" };
            text.extend([before, field.key, "\":", field.value.raw]);
        }
        text.push('}');
        let own = |text: Option<&str>| text.map(str::to_owned);
        self.waiting.bytes += text.len();
        self.waiting.requests.push_back(WaitingRequest {
            correlation: correlation.to_owned(),
            text,
            pointer: self.pointer.clone(),
            around: [own(above.log_id), own(above.run), own(above.flow), own(above.step)],
        });
        self.waited += 1;
        while self.waiting.bytes > MAX_BYTES || self.waiting.requests.len() > MAX_WAITING {
            self.give_up_oldest();
        }
    }

    /// Hands out all requests that still wait.
    pub(super) fn end_of_halves(&mut self) {
        while !self.waiting.requests.is_empty() {
            self.give_up_oldest();
        }
    }

    fn give_up_oldest(&mut self) {
        if let Some(request) = self.waiting.requests.pop_front() {
            self.waiting.bytes -= request.text.len();
            self.join(&request, &[], &Inherited::default());
        }
    }

    /// Hands out a request with the fields of its answer.
    fn join(&mut self, request: &WaitingRequest, answer: &[Field<'_>], above: &Inherited<'_>) {
        let mut fields = self.list();
        let mut cursor = Cursor::new(&request.text);
        let names = &mut self.extractor.names;
        // It was read once, so it is sound.
        let _sound = scan(&request.text, &mut cursor, names, &mut fields);
        for field in &mut fields {
            if field.role == Role::Body && !answer.is_empty() {
                field.role = Role::RequestBody;
            }
        }
        let offset = fields.len();
        for field in answer.iter().take(MAX_FIELDS - offset) {
            let doubled = !field.entered
                && field.parent.is_none()
                && !matches!(field.role, Role::Body | Role::HttpStatus | Role::Status)
                && fields[..offset].iter().any(|other| other.key == field.key);
            // Numbers of fields stay as they are, since members point to the fields that hold them.
            let mut field = Field { parent: field.parent.map(|p| p + offset as u16), ..*field };
            match field.role {
                Role::Body | Role::RequestBody if field.side == FieldSide::Record => {
                    let same = |f: &Field<'_>| f.key == field.key && f.value.raw == field.value.raw;
                    let doubled = fields[..offset].iter().any(same);
                    field.role = if doubled { Role::Doubled } else { Role::ResponseBody };
                }
                _ if doubled => field.role = Role::Doubled,
                _ => {}
            }
            fields.push(field);
        }
        let around = |at: usize| request.around[at].as_deref();
        let above = Inherited {
            log_id: above.log_id.or(around(0)),
            run: above.run.or(around(1)),
            flow: above.flow.or(around(2)),
            step: above.step.or(around(3)),
            ..*above
        };
        let slots = Slots::of(&fields);
        let pointer = std::mem::replace(&mut self.pointer, request.pointer.clone());
        let last_end = self.last_end;
        self.emit(&fields, &slots, above);
        self.pointer = pointer;
        self.last_end = last_end;
        self.recycle(fields);
    }
}

/// A body whose name does not say of which side it is.
fn is_any_body(field: &Field<'_>) -> bool {
    field.side == FieldSide::Record && ["payload", "input", "data", "Payload"].contains(&field.key)
}
