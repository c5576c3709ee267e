//! The names of fields by which logs, pages and downloads are recognised.

/// What the name of a field says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// One of the API's log record.
    Log(LogField),
    /// `results`: the records of a page, or the exchanges of a download.
    Results,
    /// A name under which a page may be wrapped.
    Wrapper,
    /// A name under which downloads keep their exchanges.
    Container,
    /// A name that only exchanges have.
    Exchange,
    /// A name of an error: usually of an exchange, conceivable in a listing.
    Error,
    /// Anything else.
    Other,
}

/// The fields of the API's log record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogField {
    Id,
    LogType,
    ProcessGroupId,
    ProcessGroupName,
    ParentProcessGroupId,
    OriginalFilenameUuid,
    FilenameUuid,
    State,
    Status,
    Created,
    Finished,
    ProcessCount,
    SuccessCount,
    FailCount,
    FragmentCount,
    RowNum,
    FlowOrder,
    InBound,
    Schedule,
    IsTriggered,
    TriggeredBy,
    IsSendS3,
    SubFlows,
}

impl LogField {
    /// Whether it says which log a record is about: the envelope of a page never has it, downloads may.
    pub(super) fn identifies(self) -> bool {
        matches!(
            self,
            Self::LogType
                | Self::ProcessGroupId
                | Self::ProcessGroupName
                | Self::ParentProcessGroupId
                | Self::OriginalFilenameUuid
                | Self::FilenameUuid
        )
    }

    /// Whether it is a sign of a listing: downloads hardly carry it.
    pub(super) fn is_of_listing(self) -> bool {
        matches!(
            self,
            Self::LogType
                | Self::State
                | Self::Finished
                | Self::ProcessCount
                | Self::SuccessCount
                | Self::FailCount
                | Self::FragmentCount
                | Self::FlowOrder
                | Self::InBound
                | Self::Schedule
                | Self::IsTriggered
                | Self::TriggeredBy
                | Self::IsSendS3
                | Self::SubFlows
        )
    }
}

impl Word {
    /// Looks a name up. ASCII case, `_` and `-` do not matter: `is_send_S3` and `isSendS3` are one name.
    pub(super) fn of(name: &str) -> Self {
        let mut buffer = [0; LONGEST];
        let folded = fold(name, &mut buffer);
        let field = match folded {
            "id" => LogField::Id,
            "logtype" => LogField::LogType,
            "processgroupid" => LogField::ProcessGroupId,
            "processgroupname" => LogField::ProcessGroupName,
            "parentprocessgroupid" => LogField::ParentProcessGroupId,
            "originalfilenameuuid" => LogField::OriginalFilenameUuid,
            "filenameuuid" => LogField::FilenameUuid,
            "state" => LogField::State,
            "status" => LogField::Status,
            "created" => LogField::Created,
            "finished" => LogField::Finished,
            "processcount" => LogField::ProcessCount,
            "successcount" => LogField::SuccessCount,
            "failcount" => LogField::FailCount,
            "fragmentcount" => LogField::FragmentCount,
            "rownum" => LogField::RowNum,
            "floworder" => LogField::FlowOrder,
            "inbound" => LogField::InBound,
            "schedule" => LogField::Schedule,
            "istriggered" => LogField::IsTriggered,
            "triggeredby" => LogField::TriggeredBy,
            "issends3" => LogField::IsSendS3,
            "subflows" => LogField::SubFlows,
            _ => return Self::of_others(folded),
        };
        Self::Log(field)
    }

    /// Whether two words are the same name.
    pub(super) fn same(one: &str, other: &str) -> bool {
        let (mut first, mut second) = ([0; LONGEST], [0; LONGEST]);
        fold(one, &mut first) == fold(other, &mut second)
    }

    fn of_others(folded: &str) -> Self {
        const ANYWHERE: [&str; 4] = ["request", "response", "body", "invokehttp"];
        match folded {
            "results" => Self::Results,
            "data" | "result" | "logs" | "flows" | "projects" | "pages" => Self::Wrapper,
            "log" | "lines" | "records" | "entries" | "rows" | "items" | "attributes"
            | "details" => Self::Container,
            "url" | "uri" | "endpoint" | "method" | "httpmethod" | "verb" | "statuscode"
            | "httpstatus" | "httpcode" | "headers" | "header" | "content" | "payload" | "isok"
            | "req" | "res" | "resp" | "starteddatetime" => Self::Exchange,
            _ if ANYWHERE.iter().any(|part| folded.contains(part)) => Self::Exchange,
            "message" | "msg" | "detail" | "reason" | "stacktrace" | "traceback" | "hata"
            | "mesaj" => Self::Error,
            _ if folded.starts_with("err") || folded.contains("exception") => Self::Error,
            _ => Self::Other,
        }
    }
}

/// Longest folded name compared. What lies behind it does not matter to any rule here.
const LONGEST: usize = 32;

/// Folds a name into `buffer`. Empty when the limit cuts through a character.
fn fold<'b>(name: &str, buffer: &'b mut [u8; LONGEST]) -> &'b str {
    let mut length = 0;
    for byte in name.bytes().filter(|byte| !matches!(byte, b'_' | b'-')).take(LONGEST) {
        buffer[length] = byte.to_ascii_lowercase();
        length += 1;
    }
    std::str::from_utf8(&buffer[..length]).unwrap_or("")
}
