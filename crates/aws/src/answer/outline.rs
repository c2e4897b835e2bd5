//! What a well-formed answer says of itself.

/// More than twice what IAM's answers nest (policy versions in a policy in a list: seven).
pub const DEEPEST: usize = 20;

/// What a well-formed answer says of itself.
#[derive(Debug, Default, PartialEq)]
pub struct Outline<'a> {
    /// `ListRoles` of `ListRolesResponse`.
    pub operation: &'a str,
    /// What the result holds, each once.
    pub members: Vec<&'a str>,
}

impl<'a> Outline<'a> {
    /// Takes in an element, by its local name and the local names of those around it. False: its second of one name,
    /// which would replace the first.
    pub fn add(&mut self, local: &'a str, around: &[&str]) -> bool {
        match around {
            [] => self.operation = local.strip_suffix("Response").unwrap_or_default(),
            [_, result] if result.ends_with("Result") => {
                if self.members.contains(&local) {
                    return false;
                }
                self.members.push(local);
            }
            _ => {}
        }
        true
    }
}
