//! iam:GetAccountAuthorizationDetails, the largest answer of a scan, in the plain form. `InstanceProfileList` is left out: it repeats
//! each role, and no table is made of it.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>

use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput as Page;
use aws_sdk_iam::types::{
    AttachedPermissionsBoundary, AttachedPolicy, GroupDetail, ManagedPolicyDetail, PolicyDetail,
    PolicyVersion, RoleDetail, RoleLastUsed, Tag, UserDetail,
};

use super::plain::Reader;
use super::quick::{list, moment, primitive, result, skipped, text};

/// The page of a whole answer in the plain form.
pub fn details(answer: &str) -> Option<Page> {
    result(answer, "GetAccountAuthorizationDetails", |reader| {
        let mut page = Page::builder();
        while let Some(name) = reader.child()? {
            page = match name {
                "UserDetailList" => page.set_user_detail_list(Some(list(reader, user)?)),
                "GroupDetailList" => page.set_group_detail_list(Some(list(reader, group)?)),
                "RoleDetailList" => page.set_role_detail_list(Some(list(reader, role)?)),
                "Policies" => page.set_policies(Some(list(reader, managed_policy)?)),
                "IsTruncated" => page.set_is_truncated(Some(primitive(reader)?)),
                "Marker" => page.set_marker(Some(text(reader)?)),
                _ => skipped(reader, page)?,
            };
        }
        Some(page.build())
    })
}

fn user(reader: &mut Reader<'_>) -> Option<UserDetail> {
    let mut user = UserDetail::builder();
    while let Some(name) = reader.child()? {
        user = match name {
            "Path" => user.set_path(Some(text(reader)?)),
            "UserName" => user.set_user_name(Some(text(reader)?)),
            "UserId" => user.set_user_id(Some(text(reader)?)),
            "Arn" => user.set_arn(Some(text(reader)?)),
            "CreateDate" => user.set_create_date(Some(moment(reader)?)),
            "UserPolicyList" => user.set_user_policy_list(Some(list(reader, inline_policy)?)),
            "GroupList" => user.set_group_list(Some(list(reader, text)?)),
            "AttachedManagedPolicies" => {
                user.set_attached_managed_policies(Some(list(reader, attached_policy)?))
            }
            "PermissionsBoundary" => user.set_permissions_boundary(Some(boundary(reader)?)),
            "Tags" => user.set_tags(Some(list(reader, tag)?)),
            _ => skipped(reader, user)?,
        };
    }
    Some(user.build())
}

fn group(reader: &mut Reader<'_>) -> Option<GroupDetail> {
    let mut group = GroupDetail::builder();
    while let Some(name) = reader.child()? {
        group = match name {
            "Path" => group.set_path(Some(text(reader)?)),
            "GroupName" => group.set_group_name(Some(text(reader)?)),
            "GroupId" => group.set_group_id(Some(text(reader)?)),
            "Arn" => group.set_arn(Some(text(reader)?)),
            "CreateDate" => group.set_create_date(Some(moment(reader)?)),
            "GroupPolicyList" => group.set_group_policy_list(Some(list(reader, inline_policy)?)),
            "AttachedManagedPolicies" => {
                group.set_attached_managed_policies(Some(list(reader, attached_policy)?))
            }
            _ => skipped(reader, group)?,
        };
    }
    Some(group.build())
}

fn role(reader: &mut Reader<'_>) -> Option<RoleDetail> {
    let mut role = RoleDetail::builder();
    while let Some(name) = reader.child()? {
        role = match name {
            "Path" => role.set_path(Some(text(reader)?)),
            "RoleName" => role.set_role_name(Some(text(reader)?)),
            "RoleId" => role.set_role_id(Some(text(reader)?)),
            "Arn" => role.set_arn(Some(text(reader)?)),
            "CreateDate" => role.set_create_date(Some(moment(reader)?)),
            "AssumeRolePolicyDocument" => role.set_assume_role_policy_document(Some(text(reader)?)),
            "RolePolicyList" => role.set_role_policy_list(Some(list(reader, inline_policy)?)),
            "AttachedManagedPolicies" => {
                role.set_attached_managed_policies(Some(list(reader, attached_policy)?))
            }
            "PermissionsBoundary" => role.set_permissions_boundary(Some(boundary(reader)?)),
            "Tags" => role.set_tags(Some(list(reader, tag)?)),
            "RoleLastUsed" => role.set_role_last_used(Some(last_used(reader)?)),
            _ => skipped(reader, role)?,
        };
    }
    Some(role.build())
}

fn managed_policy(reader: &mut Reader<'_>) -> Option<ManagedPolicyDetail> {
    let mut policy = ManagedPolicyDetail::builder();
    while let Some(name) = reader.child()? {
        policy = match name {
            "PolicyName" => policy.set_policy_name(Some(text(reader)?)),
            "PolicyId" => policy.set_policy_id(Some(text(reader)?)),
            "Arn" => policy.set_arn(Some(text(reader)?)),
            "Path" => policy.set_path(Some(text(reader)?)),
            "DefaultVersionId" => policy.set_default_version_id(Some(text(reader)?)),
            "AttachmentCount" => policy.set_attachment_count(Some(primitive(reader)?)),
            "PermissionsBoundaryUsageCount" => {
                policy.set_permissions_boundary_usage_count(Some(primitive(reader)?))
            }
            "IsAttachable" => policy.set_is_attachable(Some(primitive(reader)?)),
            "Description" => policy.set_description(Some(text(reader)?)),
            "CreateDate" => policy.set_create_date(Some(moment(reader)?)),
            "UpdateDate" => policy.set_update_date(Some(moment(reader)?)),
            "PolicyVersionList" => policy.set_policy_version_list(Some(list(reader, version)?)),
            _ => skipped(reader, policy)?,
        };
    }
    Some(policy.build())
}

fn version(reader: &mut Reader<'_>) -> Option<PolicyVersion> {
    let mut version = PolicyVersion::builder();
    while let Some(name) = reader.child()? {
        version = match name {
            "Document" => version.set_document(Some(text(reader)?)),
            "VersionId" => version.set_version_id(Some(text(reader)?)),
            "IsDefaultVersion" => version.set_is_default_version(Some(primitive(reader)?)),
            "CreateDate" => version.set_create_date(Some(moment(reader)?)),
            _ => skipped(reader, version)?,
        };
    }
    Some(version.build())
}

fn inline_policy(reader: &mut Reader<'_>) -> Option<PolicyDetail> {
    let mut policy = PolicyDetail::builder();
    while let Some(name) = reader.child()? {
        policy = match name {
            "PolicyName" => policy.set_policy_name(Some(text(reader)?)),
            "PolicyDocument" => policy.set_policy_document(Some(text(reader)?)),
            _ => skipped(reader, policy)?,
        };
    }
    Some(policy.build())
}

fn attached_policy(reader: &mut Reader<'_>) -> Option<AttachedPolicy> {
    let mut policy = AttachedPolicy::builder();
    while let Some(name) = reader.child()? {
        policy = match name {
            "PolicyName" => policy.set_policy_name(Some(text(reader)?)),
            "PolicyArn" => policy.set_policy_arn(Some(text(reader)?)),
            _ => skipped(reader, policy)?,
        };
    }
    Some(policy.build())
}

fn boundary(reader: &mut Reader<'_>) -> Option<AttachedPermissionsBoundary> {
    let mut boundary = AttachedPermissionsBoundary::builder();
    while let Some(name) = reader.child()? {
        boundary = match name {
            "PermissionsBoundaryType" => {
                boundary.set_permissions_boundary_type(Some(reader.text()?.as_ref().into()))
            }
            "PermissionsBoundaryArn" => boundary.set_permissions_boundary_arn(Some(text(reader)?)),
            _ => skipped(reader, boundary)?,
        };
    }
    Some(boundary.build())
}

fn last_used(reader: &mut Reader<'_>) -> Option<RoleLastUsed> {
    let mut used = RoleLastUsed::builder();
    while let Some(name) = reader.child()? {
        used = match name {
            "LastUsedDate" => used.set_last_used_date(Some(moment(reader)?)),
            "Region" => used.set_region(Some(text(reader)?)),
            _ => skipped(reader, used)?,
        };
    }
    Some(used.build())
}

/// `None` too where the key or the value is missing: the SDK decides what it is then.
fn tag(reader: &mut Reader<'_>) -> Option<Tag> {
    let mut tag = Tag::builder();
    while let Some(name) = reader.child()? {
        tag = match name {
            "Key" => tag.set_key(Some(text(reader)?)),
            "Value" => tag.set_value(Some(text(reader)?)),
            _ => skipped(reader, tag)?,
        };
    }
    tag.build().ok()
}

#[cfg(test)]
#[path = "details_tests.rs"]
mod tests;
