//! Records handed out as exchanges, with what stands beside and around them.

use super::{Inherited, Walk};
use crate::exchange::Exchange;
use crate::extract::Extractor;
use crate::how::ExchangeReading;
use crate::json::{Cursor, Type};
use crate::record::{Field, MAX_FIELDS, RoleOrigin, scan};
use crate::roles::Role;
use crate::slots::Slots;

impl Walk<'_> {
    /// What objects beside request and response say of log, run and step (`{"log": {"id": ..}, ..}`).
    pub(super) fn beside<'a>(
        &mut self,
        fields: &[Field<'a>],
        slots: &Slots<'a>,
        mut above: Inherited<'a>,
    ) -> Inherited<'a> {
        for at in slots.items.iter().take(8) {
            let field = &fields[usize::from(*at)];
            if field.value.ty != Type::Object
                || field.entered
                || !matches!(
                    field.role,
                    Role::Items | Role::None | Role::Flow | Role::Step | Role::Run
                )
            {
                continue;
            }
            let mut inner = self.list();
            let read = scan(
                field.value.raw,
                &mut Cursor::new(field.value.raw),
                &mut self.extractor.names,
                &mut inner,
            );
            if read.is_ok() {
                let meta = Slots::of(&inner);
                let is_log = field.key.to_ascii_lowercase().contains("log");
                above.log_id = above.log_id.or(meta.log_id).or(meta.id.filter(|_| is_log));
                above.run = above.run.or(meta.run);
                above.file_uuid = above.file_uuid.or(meta.file_uuid);
                above.flow = above.flow.or(meta.flow);
                above.step = above.step.or(meta.step);
                above.started_at = above.started_at.or(meta.started_at.filter(|_| is_log));
            }
            self.recycle(inner);
        }
        above
    }

    /// Hands out a record as an exchange.
    pub(super) fn emit<'a>(
        &mut self,
        fields: &[Field<'a>],
        slots: &Slots<'a>,
        above: Inherited<'a>,
    ) {
        self.found.exchanges += 1;
        self.packed_answer(slots);
        let last = fields.iter().rev().find(|field| field.origin != RoleOrigin::GivenPath);
        self.last_end =
            last.map_or(0, |field| field.value.raw.as_bytes().as_ptr_range().end as usize);
        let Extractor { names, builder, readings, .. } = &mut *self.extractor;
        if readings.is_none() {
            return builder.exchange(fields, slots, &above, &self.pointer, names, self.sink);
        }
        let mut exchange = None;
        let sink = &mut |x: &Exchange<'_>| {
            exchange = Some(ExchangeReading::of(x));
            (self.sink)(x);
        };
        builder.exchange(fields, slots, &above, &self.pointer, names, sink);
        self.take_down(fields, slots, exchange);
    }

    /// Takes down how an object was read, while someone wants to know.
    pub(super) fn take_down(
        &mut self,
        fields: &[Field<'_>],
        slots: &Slots<'_>,
        exchange: Option<ExchangeReading>,
    ) {
        if let Some(readings) = &mut self.extractor.readings {
            readings.add(&self.pointer, fields, slots, exchange);
        }
    }

    /// Hands out the elements of a list of errors that were logged one by one.
    pub(super) fn error_events<'a>(&mut self, list: &Field<'a>, above: Inherited<'a>) {
        let len = self.pointer.len();
        self.push_key(list.key);
        let mut at = 0;
        list.value.elements(|event| {
            let mut fields = self.list();
            let mut cursor = Cursor::new(event.raw);
            if event.ty == Type::Object
                && scan(event.raw, &mut cursor, &mut self.extractor.names, &mut fields).is_ok()
                && fields.len() < MAX_FIELDS
            {
                // The event is the error, so it reads as an element of `errors` does.
                fields.push(Field { value: event, entered: false, ..*list });
                let slots = Slots::of(&fields);
                let len = self.pointer.len();
                self.push_index(at);
                self.emit(&fields, &slots, above);
                self.pointer.truncate(len);
            }
            self.recycle(fields);
            at += 1;
            true
        });
        self.pointer.truncate(len);
    }
}
