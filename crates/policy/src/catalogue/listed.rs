//! What the table lists besides actions.

/// The access level of an action. An action may have two.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// Lists resources.
    List,
    /// Reads the contents of resources.
    Read,
    /// Creates, changes or deletes resources.
    Write,
    /// Changes only tags.
    Tagging,
    /// Grants or revokes permissions.
    PermissionsManagement,
}

/// A resource type that an action supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceType<'a> {
    /// `role`, `bucket`: a name within the service.
    pub name: &'a str,
    /// `arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}`.
    pub arn: &'a str,
    /// Whether the action always requires one. If none is required, the action may use any of the listed types.
    pub required: bool,
}

/// A condition key that an action supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConditionKey<'a> {
    /// `iam:PassedToService`, `aws:RequestTag/${TagKey}`.
    pub name: &'a str,
    /// `String`, `ArrayOfString`, `ARN`, `Bool`, …; empty if the source has none.
    pub kind: &'a str,
}

impl ConditionKey<'_> {
    /// Whether it is declared to hold several values.
    pub fn is_multivalued(&self) -> bool {
        self.kind.starts_with("ArrayOf")
    }

    /// Whether it is the key with this name, in any case, in which something stands for `${TagKey}` and `<key>`.
    ///
    /// ```
    /// use orgsweep_policy::ConditionKey;
    ///
    /// let key = ConditionKey { name: "kms:EncryptionContext:${EncryptionContextKey}", kind: "String" };
    /// assert!(key.is("kms:encryptioncontext:team") && !key.is("kms:EncryptionContext:"));
    /// ```
    pub fn is(&self, name: &str) -> bool {
        let Some((start, rest)) = self.name.split_once(['$', '<']) else {
            return self.name.eq_ignore_ascii_case(name);
        };
        // Of two that something stands for, the second is looked at no more closely than the first.
        let end = rest.rsplit(['}', '>']).next().unwrap_or_default().as_bytes();
        let (start, name) = (start.as_bytes(), name.as_bytes());
        name.len() > start.len() + end.len()
            && name.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start))
            && name.get(name.len() - end.len()..).is_some_and(|own| own.eq_ignore_ascii_case(end))
    }
}
