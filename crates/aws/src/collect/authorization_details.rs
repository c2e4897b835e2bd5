//! iam:GetAccountAuthorizationDetails: users, groups, roles, customer policies, and what is attached to whom.
//!
//! `Filter` leaves AWS-managed policies out: AWS would send every retained version of each, in every account.

use std::collections::HashSet;
use std::sync::Arc;

use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput as Page;
use aws_sdk_iam::types::{
    AttachedPermissionsBoundary, AttachedPolicy, EntityType, ManagedPolicyDetail, PolicyDetail, Tag,
};
use orgsweep_model::facts::{
    Group, GroupMember, OWN_POLICIES, Policy, PolicyAttachment, PrincipalTag, Role, Texts, User,
};
use orgsweep_model::text::arn_name;
use orgsweep_model::{
    AccountId, Collector, Gap, Needs, Reason, Row, Session, TableSchema, Tables, async_trait,
};

use super::decode::{optional_moment, own_arn, policy_document, required, required_moment};
use super::{member, put_gaps};
use crate::answer::{self, Quick};
use crate::pages::next_marker;

const API: &str = "iam:GetAccountAuthorizationDetails";

/// Fills `users`, `principal_tags`, `groups`, `group_members`, `roles`, `policy_attachments`, and the account's own policies
/// with their texts.
pub struct AuthorizationDetails;

#[async_trait]
impl Collector for AuthorizationDetails {
    fn name(&self) -> &'static str {
        "authorization_details"
    }

    fn needs(&self) -> Needs {
        Needs { actions: &[API], calls_per_account: 1, calls_per_scan: 0, gates: &[] }
    }

    fn fills(&self) -> &'static [&'static TableSchema] {
        &[
            User::SCHEMA,
            PrincipalTag::SCHEMA,
            Group::SCHEMA,
            GroupMember::SCHEMA,
            Role::SCHEMA,
            PolicyAttachment::SCHEMA,
            OWN_POLICIES,
        ]
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        match fetch(session).await {
            Ok(details) => details.put(session, tables),
            // A page lost in the middle makes every table a gap, never a shorter table.
            Err(gap) => put_gaps(self.fills(), &gap, session, tables),
        }
    }
}

/// The rows of all tables, page by page.
#[derive(Debug, Default)]
struct Details {
    users: Vec<User>,
    tags: Vec<PrincipalTag>,
    groups: Vec<Group>,
    members: Vec<GroupMember>,
    roles: Vec<Role>,
    attachments: Vec<PolicyAttachment>,
    policies: Vec<Policy>,
    texts: Texts,
    /// ARNs of what is there already.
    seen: HashSet<String>,
    repeated: usize,
}

async fn fetch(session: &Session) -> Result<Details, Gap> {
    let member = member(session)?;
    let mut details = Details::default();
    let mut marker: Option<String> = None;
    loop {
        let request = member
            .iam
            .get_account_authorization_details()
            .filter(EntityType::User)
            .filter(EntityType::Role)
            .filter(EntityType::Group)
            .filter(EntityType::LocalManagedPolicy)
            .max_items(1000)
            .set_marker(marker.clone());
        let page = member
            .call(API, || request.clone().customize().interceptor(Quick(answer::details)).send())
            .await?;
        details.add(member.account, &page).map_err(|gap| gap.during(API))?;
        marker = next_marker(API, page.is_truncated(), page.marker(), marker.as_deref())?;
        if marker.is_none() {
            return Ok(details);
        }
    }
}

impl Details {
    /// Entities that come and go between two pages may move what follows them to the next page: once is enough.
    fn is_repeated(&mut self, arn: &str) -> bool {
        let is_new = self.seen.insert(arn.to_owned());
        self.repeated += usize::from(!is_new);
        !is_new
    }

    fn put(self, session: &Session, tables: &mut Tables) {
        let now = session.clock.now();
        if self.repeated > 0 {
            tables.note(format!("entities that {API} listed twice, used once: {}", self.repeated));
        }
        tables.insert(self.users, now);
        tables.insert(self.tags, now);
        tables.insert(self.groups, now);
        tables.insert(self.members, now);
        tables.insert(self.roles, now);
        tables.insert(self.attachments, now);
        tables.insert_part(OWN_POLICIES, self.policies, now);
        tables.insert_texts(self.texts, now);
    }

    fn add(&mut self, account_id: AccountId, page: &Page) -> Result<(), Gap> {
        for wire in page.user_detail_list() {
            let user_arn = own_arn(wire.arn(), account_id, "the ARN of a user")?;
            if self.is_repeated(&user_arn) {
                continue;
            }
            self.principal(account_id, &user_arn, wire.attached_managed_policies(), wire.user_policy_list())?;
            self.boundary(account_id, &user_arn, wire.permissions_boundary());
            self.tag(account_id, &user_arn, wire.tags());
            self.members.extend(wire.group_list().iter().map(|group_name| GroupMember {
                account_id,
                group_name: group_name.clone(),
                user_arn: user_arn.clone(),
            }));
            self.users.push(User {
                account_id,
                user_name: required(wire.user_name(), "the name of a user")?,
                user_id: required(wire.user_id(), "the id of a user")?,
                path: wire.path().unwrap_or("/").to_owned(),
                created_at: required_moment(wire.create_date(), "the creation date of a user")?,
                permissions_boundary_arn: boundary_arn(wire.permissions_boundary()),
                user_arn,
            });
        }
        for wire in page.group_detail_list() {
            let group_arn = own_arn(wire.arn(), account_id, "the ARN of a group")?;
            if self.is_repeated(&group_arn) {
                continue;
            }
            self.principal(
                account_id,
                &group_arn,
                wire.attached_managed_policies(),
                wire.group_policy_list(),
            )?;
            self.groups.push(Group {
                account_id,
                group_name: required(wire.group_name(), "the name of a group")?,
                path: wire.path().unwrap_or("/").to_owned(),
                created_at: required_moment(wire.create_date(), "the creation date of a group")?,
                group_arn,
            });
        }
        for wire in page.role_detail_list() {
            let role_arn = own_arn(wire.arn(), account_id, "the ARN of a role")?;
            if self.is_repeated(&role_arn) {
                continue;
            }
            self.principal(account_id, &role_arn, wire.attached_managed_policies(), wire.role_policy_list())?;
            self.boundary(account_id, &role_arn, wire.permissions_boundary());
            self.tag(account_id, &role_arn, wire.tags());
            let last_used = wire.role_last_used();
            let trust = self.text(wire.assume_role_policy_document())?;
            self.policies.push(Policy::trust(account_id, &role_arn, trust));
            self.roles.push(Role {
                account_id,
                role_name: required(wire.role_name(), "the name of a role")?,
                role_id: required(wire.role_id(), "the id of a role")?,
                path: wire.path().unwrap_or("/").to_owned(),
                created_at: required_moment(wire.create_date(), "the creation date of a role")?,
                last_used_at: optional_moment(last_used.and_then(|used| used.last_used_date()))?,
                last_used_region: last_used.and_then(|used| used.region()).map(str::to_owned),
                permissions_boundary_arn: boundary_arn(wire.permissions_boundary()),
                role_arn,
            });
        }
        for wire in page.policies() {
            self.managed_policy(account_id, wire)?;
        }
        Ok(())
    }

    fn principal(
        &mut self,
        account_id: AccountId,
        principal_arn: &str,
        attached: &[AttachedPolicy],
        inline: &[PolicyDetail],
    ) -> Result<(), Gap> {
        for wire in attached {
            self.attachments.push(PolicyAttachment {
                account_id,
                policy_arn: required(wire.policy_arn(), "the ARN of an attached policy")?,
                principal_arn: principal_arn.to_owned(),
                as_boundary: false,
            });
        }
        for wire in inline {
            let name = required(wire.policy_name(), "the name of an inline policy")?;
            let text = self.text(wire.policy_document())?;
            self.policies.push(Policy::inline(account_id, principal_arn, name, text));
        }
        Ok(())
    }

    /// Keeps a document, which AWS sends percent-encoded.
    fn text(&mut self, document: Option<&str>) -> Result<Arc<str>, Gap> {
        Ok(self.texts.name_of(&policy_document(document.unwrap_or_default())?))
    }

    /// All versions of a policy, the one in force first. AWS-managed policies, which the filter leaves out, are skipped should
    /// a stand-in send them all the same.
    fn managed_policy(&mut self, account_id: AccountId, wire: &ManagedPolicyDetail) -> Result<(), Gap> {
        let policy_arn = required(wire.arn(), "the ARN of a policy")?;
        if policy_arn.split(':').nth(4) == Some("aws") || self.is_repeated(&policy_arn) {
            return Ok(());
        }
        let versions = wire.policy_version_list();
        let Some(default) = versions.iter().find(|version| version.is_default_version()) else {
            let message = format!("{policy_arn} has no default version");
            return Err(Gap::new(Reason::MalformedAnswer).because(&message));
        };
        let others = versions.iter().filter(|version| !version.is_default_version());
        for version in [default].into_iter().chain(others) {
            let id = required(version.version_id(), "the id of a policy version")?;
            let text = self.text(version.document())?;
            // The ARN ends with the name; a stand-in may leave the element out.
            let name = wire.policy_name().unwrap_or(arn_name(&policy_arn)).to_owned();
            let row = Policy::managed(account_id, policy_arn.clone(), name, Some(id), Some(text));
            self.policies.push(Policy { is_default: version.is_default_version(), ..row });
        }
        Ok(())
    }

    fn boundary(
        &mut self,
        account_id: AccountId,
        principal_arn: &str,
        boundary: Option<&AttachedPermissionsBoundary>,
    ) {
        self.attachments.extend(boundary_arn(boundary).map(|policy_arn| PolicyAttachment {
            account_id,
            policy_arn,
            principal_arn: principal_arn.to_owned(),
            as_boundary: true,
        }));
    }

    fn tag(&mut self, account_id: AccountId, principal_arn: &str, tags: &[Tag]) {
        self.tags.extend(tags.iter().map(|tag| PrincipalTag {
            account_id,
            principal_arn: principal_arn.to_owned(),
            tag_key: tag.key().to_owned(),
            tag_value: tag.value().to_owned(),
        }));
    }
}

fn boundary_arn(boundary: Option<&AttachedPermissionsBoundary>) -> Option<String> {
    boundary.and_then(|boundary| boundary.permissions_boundary_arn()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_iam::types::{PolicyVersion, RoleDetail, RoleLastUsed, UserDetail};
    use aws_smithy_types::DateTime;
    use orgsweep_model::facts::PolicyKind;

    fn account() -> AccountId {
        "111122223333".parse().unwrap()
    }

    fn details(page: &Page) -> Result<Details, Gap> {
        let mut details = Details::default();
        details.add(account(), page).map(|()| details)
    }

    #[test]
    fn a_user_gives_rows_in_five_tables() {
        let user = UserDetail::builder()
            .arn("arn:aws:iam::111122223333:user/team/ann")
            .user_name("ann")
            .user_id("AIDAANN")
            .path("/team/")
            .create_date(DateTime::from_secs(1_700_000_000))
            .group_list("staff")
            .attached_managed_policies(
                AttachedPolicy::builder().policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess").build(),
            )
            .user_policy_list(
                PolicyDetail::builder().policy_name("p").policy_document("%7B%22a%22%3A%22b+c%22%7D").build(),
            )
            .permissions_boundary(
                AttachedPermissionsBoundary::builder()
                    .permissions_boundary_arn("arn:aws:iam::111122223333:policy/edge")
                    .build(),
            )
            .tags(Tag::builder().key("owner").value("blue").build().unwrap())
            .build();
        let details = details(&Page::builder().user_detail_list(user).build()).unwrap();
        assert_eq!(details.users[0].path, "/team/");
        assert_eq!(details.members[0].group_name, "staff");
        assert_eq!(details.policies[0].policy_kind, PolicyKind::Inline);
        assert_eq!(&*details.texts.documents()[0].document_json, r#"{"a":"b+c"}"#);
        assert_eq!(details.tags[0].tag_value, "blue");
        let edges: Vec<bool> = details.attachments.iter().map(|attachment| attachment.as_boundary).collect();
        assert_eq!(edges, [false, true]);
    }

    #[test]
    fn a_role_never_used_in_the_window_has_no_date() {
        let role = |name: &str, used: RoleLastUsed| {
            RoleDetail::builder()
                .arn(format!("arn:aws:iam::111122223333:role/{name}"))
                .role_name("r")
                .role_id("AROAR")
                .create_date(DateTime::from_secs(1_700_000_000))
                .assume_role_policy_document("%7B%7D")
                .role_last_used(used)
                .build()
        };
        let unused = role("r", RoleLastUsed::builder().build());
        let used =
            role("s", RoleLastUsed::builder().last_used_date(DateTime::from_secs(1_700_000_001)).build());
        let page = Page::builder().role_detail_list(unused).role_detail_list(used).build();
        let details = details(&page).unwrap();
        assert_eq!(details.roles[0].last_used_at, None);
        assert_eq!(details.roles[1].last_used_at.unwrap().as_second(), 1_700_000_001);
    }

    #[test]
    fn the_default_version_is_the_one_in_force() {
        let version = |id: &str, default: bool, document: &str| {
            PolicyVersion::builder().version_id(id).is_default_version(default).document(document).build()
        };
        let policy = ManagedPolicyDetail::builder()
            .arn("arn:aws:iam::111122223333:policy/p")
            .policy_name("p")
            .policy_version_list(version("v2", false, "%7B2%7D"))
            .policy_version_list(version("v1", true, "%7B1%7D"))
            .build();
        let rows = details(&Page::builder().policies(policy).build()).unwrap();
        let versions: Vec<_> = rows
            .policies
            .iter()
            .zip(rows.texts.documents())
            .map(|(row, text)| (row.version_id.as_deref(), row.is_default, &*text.document_json))
            .collect();
        assert_eq!(versions, [(Some("v1"), true, "{1}"), (Some("v2"), false, "{2}")]);
    }

    #[test]
    fn what_two_pages_show_is_there_once() {
        let user = |name: &str| {
            UserDetail::builder()
                .arn(format!("arn:aws:iam::111122223333:user/{name}"))
                .user_name(name)
                .user_id("AIDA")
                .create_date(DateTime::from_secs(1_700_000_000))
                .group_list("staff")
                .tags(Tag::builder().key("owner").value("blue").build().unwrap())
                .build()
        };
        let policy = || {
            ManagedPolicyDetail::builder()
                .arn("arn:aws:iam::111122223333:policy/p")
                .policy_version_list(
                    PolicyVersion::builder()
                        .version_id("v1")
                        .is_default_version(true)
                        .document("%7B%7D")
                        .build(),
                )
                .build()
        };
        let first = Page::builder().user_detail_list(user("ann")).user_detail_list(user("ben"));
        let second = Page::builder().user_detail_list(user("ben")).user_detail_list(user("cas"));
        let mut details = Details::default();
        details.add(account(), &first.policies(policy()).build()).unwrap();
        details.add(account(), &second.policies(policy()).build()).unwrap();
        let names: Vec<&str> = details.users.iter().map(|user| user.user_name.as_str()).collect();
        assert_eq!(names, ["ann", "ben", "cas"]);
        assert_eq!((details.members.len(), details.tags.len(), details.policies.len()), (3, 3, 1));
        assert_eq!(details.repeated, 2);
    }

    #[test]
    fn an_entity_without_arn_is_a_malformed_answer() {
        let page = Page::builder().user_detail_list(UserDetail::builder().user_name("ann").build()).build();
        assert_eq!(details(&page).unwrap_err().reason, Reason::MalformedAnswer);
    }
}
