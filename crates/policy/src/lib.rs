//! The IAM policy language; knows no AWS API and nothing of orgsweep.
