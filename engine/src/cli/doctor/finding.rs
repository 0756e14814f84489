//! What a check has found.

/// How it stands with something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// As it should be.
    Ok,
    /// Works, but is not as it should be.
    Warning,
    /// Does not work.
    Failed,
}

impl Status {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Warning => "warning",
            Status::Failed => "failed",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone)]
pub struct Finding {
    /// How it stands.
    pub status: Status,
    /// What was looked at: a setting, a connection, a table.
    pub subject: String,
    /// What was found.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Finding {
    /// It is as it should be.
    pub fn ok(subject: impl Into<String>, detail: impl Into<String>) -> Self {
        Finding::new(Status::Ok, subject.into(), detail.into())
    }

    /// It works, but somebody should look at it.
    pub fn warning(subject: impl Into<String>, detail: impl Into<String>) -> Self {
        Finding::new(Status::Warning, subject.into(), detail.into())
    }

    /// It does not work.
    pub fn failed(subject: impl Into<String>, detail: impl Into<String>) -> Self {
        Finding::new(Status::Failed, subject.into(), detail.into())
    }

    /// It does not work, as an error says.
    pub fn error(subject: impl Into<String>, error: &crate::Error) -> Self {
        let finding = Finding::failed(subject, error.to_string());
        match error.get_hint() {
            Some(hint) => finding.hint(hint),
            None => finding,
        }
    }

    /// What to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn new(status: Status, subject: String, detail: String) -> Self {
        Finding {
            status,
            subject,
            detail,
            hint: None,
        }
    }
}
