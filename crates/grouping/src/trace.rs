//! Stack traces: which frames help to identify the cause.

/// Beginnings of frames of a runtime or a framework, behind the word that opens a frame.
const FOREIGN: [&str; 16] = [
    "java.",
    "javax.",
    "jdk.",
    "sun.",
    "com.sun.",
    "org.springframework.",
    "org.apache.",
    "io.netty.",
    "kotlin.",
    "scala.",
    "System.",
    "Microsoft.",
    "node:internal",
    "Object.<anonymous>",
    "Module._",
    "process.processTicks",
];
/// Folders of libraries in the paths of Python and JavaScript frames.
const LIBRARIES: [&str; 6] = [
    "/site-packages/",
    "/dist-packages/",
    "/lib/python",
    "/node_modules/",
    "\\site-packages\\",
    "<frozen ",
];
/// Words that open a frame; the last is what .NET writes in Turkish.
const OPENERS: [&str; 2] = ["at ", "konum: "];
/// Own frames beyond this many are callers far from the cause.
const OWN_FRAMES: u32 = 8;

/// Decides line by line what to drop from a trace: frames of runtimes and libraries, the code line
/// below such a Python frame, own frames beyond the eighth, and `... 42 more`.
#[derive(Debug, Default)]
pub(crate) struct TraceFilter {
    own: u32,
    /// The next line belongs to a frame that was dropped.
    below_dropped: bool,
}

impl TraceFilter {
    /// Whether to drop this line, which is not the first of its text.
    pub(crate) fn drops(&mut self, line: &[u8]) -> bool {
        let indented = line.first().is_some_and(|&byte| byte == b' ' || byte == b'\t');
        let text = line.trim_ascii();
        let python = text.starts_with(b"File \"");
        let below = std::mem::take(&mut self.below_dropped);
        if let Some(frame) = OPENERS.iter().find_map(|opener| text.strip_prefix(opener.as_bytes()))
        {
            let foreign = FOREIGN.iter().any(|start| frame.starts_with(start.as_bytes()))
                || holds_library(frame);
            return foreign || !self.keeps_own();
        }
        if python {
            self.below_dropped = holds_library(text) || !self.keeps_own();
            return self.below_dropped;
        }
        if below && indented {
            return true;
        }
        text.starts_with(b"... ")
            && (text.ends_with(b" more") || text.ends_with(b" common frames omitted"))
    }

    fn keeps_own(&mut self) -> bool {
        self.own += 1;
        self.own <= OWN_FRAMES
    }
}

fn holds_library(frame: &[u8]) -> bool {
    LIBRARIES.iter().any(|folder| memchr::memmem::find(frame, folder.as_bytes()).is_some())
}
