//! One run, from an open source to published tables: what a new scan, one that is resumed, one that retries and a shard share.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use orgsweep_lake::{Place, ScanHeader, ScanId, ScanWriter};
use orgsweep_model::registry::Registry;
use orgsweep_model::{AccountId, Organization, Usage};
use orgsweep_sweep::{Copied, Pending, Plan, RunResult, ScanError, Source, Stop, StopReason, Totals};
use tokio::time::Instant;

use crate::begin::Started;
use crate::error::Error;
use crate::evaluate::Judge;
use crate::event::{Beginning, Event};
use crate::options::Options;
use crate::organization::{Reading, WhenComplete, organization_gaps};
use crate::pack::{LakeSink, Packing, keep};
use crate::publish::{Publication, Published};
use crate::retry::{Earlier, Into};
use crate::shard::Shard;
use crate::stopping::or_interrupted;
use crate::tallies::totals_of;

/// How long a publisher waits for another.
const LOCK_PATIENCE: Duration = Duration::from_mins(2);

/// One run.
pub struct Run<'a> {
    /// What is linked in.
    pub registry: &'a Registry,
    /// Accounts and sessions.
    pub source: Arc<dyn Source>,
    /// What will be done.
    pub options: Options,
    /// Where it goes.
    pub started: Started,
    /// How it is ended before its end.
    pub stop: Stop,
}

/// What a run came to.
#[derive(Debug)]
pub enum RunOutcome {
    /// The scan is in the lake.
    Published(Box<Published>),
    /// The shard is kept, to be published with the others.
    Shard(Shard, Box<Totals>),
}

/// What is known and kept while a run goes on.
struct Running<'a> {
    registry: &'a Registry,
    source: Arc<dyn Source>,
    options: Options,
    plan: Arc<Plan>,
    stop: Stop,
    writer: ScanWriter,
    header: ScanHeader,
    shard: Option<Shard>,
    earlier: Option<Earlier>,
    totals: Totals,
    /// What is asked of AWS for no account in particular.
    usage: Arc<Usage>,
}

impl Run<'_> {
    /// Scans and publishes. Boxed, so that it is compiled in this crate and not in the command line's, which is not optimized.
    pub fn go<'r>(
        self,
        on_event: &'r mut (dyn FnMut(Event) + 'r),
    ) -> Pin<Box<dyn Future<Output = Result<RunOutcome, Error>> + 'r>>
    where
        Self: 'r,
    {
        Box::pin(self.run(on_event))
    }

    async fn run(self, on_event: &mut dyn FnMut(Event)) -> Result<RunOutcome, Error> {
        let watch = Instant::now();
        let Self { registry, source, options, started, stop } = self;
        let Started { writer, header, shard, earlier, unfinished } = started;
        let (totals, _) = totals_of(&writer)?;
        let (usage, plan) = (source.usage(), Arc::new(options.plan.clone()));
        let shared = writer.earlier_usage();
        let mut running =
            Running { registry, source, options, plan, stop, writer, header, shard, earlier, totals, usage };
        let organization = running.enter_the_organization().await?;
        on_event(Event::Started(running.beginning()));
        if !unfinished.is_empty() {
            on_event(Event::UnfinishedScans(unfinished));
        }
        let (ended, facts) = running.collect(&organization, on_event).await?;
        let is_partial = ended.stopped.is_some();
        let organization = running.take(ended, &facts)?;
        if let Some(shard) = shard {
            return Ok(RunOutcome::Shard(shard, Box::new(running.totals)));
        }
        shared.join(&running.usage);
        let Running { options, stop, writer, header, totals, .. } = running;
        let scan_id: ScanId = header.scan_id.parse().map_err(Error::ScanId)?;
        let publication = Publication {
            registry,
            options: &options,
            organization: &organization,
            started_at: options.plan.clock.began(scan_id.moment()),
            scan_id: &scan_id,
            shards: None,
            retried_scan_id: header.retried_scan_id,
            checked_from_scan_id: None,
            is_partial,
            seconds: Some(watch.elapsed()),
            shared: &shared,
            facts: &facts,
            deadline: stop.deadline.map(|moment| moment + stop.grace),
        };
        // A Ctrl-C that came before is what led here; a new one ends the wait for another publisher.
        let was_stopped = stop.gently.is_cancelled();
        let mut patience = |waited| {
            waited < LOCK_PATIENCE && (was_stopped || !stop.gently.is_cancelled()) && !stop.now.is_cancelled()
        };
        let published = publication.publish(writer, totals, &mut patience, on_event)?;
        Ok(RunOutcome::Published(Box::new(published)))
    }
}

impl Running<'_> {
    fn beginning(&self) -> Beginning {
        Beginning {
            scan_id: self.header.scan_id.clone(),
            checks: self.plan.checks.len(),
            resumed: self.kept(),
            retried_scan_id: self.header.retried_scan_id.clone(),
            shard: self.shard,
        }
    }

    /// Finds out whose accounts these are: rows of two organizations are never put together.
    async fn enter_the_organization(&mut self) -> Result<Organization, Error> {
        let describing = async { self.source.organization().await.map_err(Error::Source) };
        let organization = or_interrupted(&self.stop, describing).await?;
        let refused = Error::lake(&self.options.out);
        let whose = format!("{} {}", organization.id, organization.management_account_id);
        if !self.writer.belongs_to(&whose).map_err(refused)? {
            return Err(Error::OtherOrganization {
                scan_id: self.header.scan_id.clone(),
                organization: organization.id,
            });
        }
        self.writer.keep_usage(&self.usage).map_err(refused)?;
        if let Some(earlier) = &self.earlier {
            earlier.same_organization(&organization.id)?;
        }
        Ok(organization)
    }

    /// Enters the accounts, and reads the organization beside them.
    async fn collect(
        &mut self,
        organization: &Organization,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<(RunResult, WhenComplete), Error> {
        let judge = Judge::new(&self.plan, organization);
        let refused = Error::lake(&self.options.out);
        let kept = self
            .writer
            .kept_organization(organization.management_account_id, &self.plan.organization_tables())
            .map_err(refused)?;
        let is_kept = kept.is_some() || self.shard.is_some();
        let reading = Reading::begin(&self.source, &self.plan, &judge, kept).await;
        let facts = reading.complete();
        let packing = Packing::new(&self.writer, &self.plan, judge, facts.clone());
        let usage = Arc::clone(&self.usage);
        let plan = Arc::clone(&self.plan);
        let mut sink = LakeSink::new(&mut self.writer, plan, packing, usage, is_kept);
        let mut about_accounts = |event| on_event(Event::Accounts(event));
        let (source, plan, stop) = (Arc::clone(&self.source), Arc::clone(&self.plan), self.stop.clone());
        let ran = orgsweep_sweep::run(source, plan, &mut sink, stop, &mut about_accounts).await;
        on_event(Event::AccountsEnded);
        let was_stopped = !ran.as_ref().is_ok_and(|ended| ended.stopped.is_none());
        let stopped = reading.end(&self.stop, was_stopped, || on_event(Event::WaitingForOrganization)).await;
        // Accounts that wait for the organization are kept for a process that resumes the scan.
        let stopped = stopped.filter(|_| self.plan.judges_with_organization());
        let ran = ran.map(|ended| RunResult { stopped: ended.stopped.or(stopped), ..ended });
        // An error of the run comes first: how to resume matters more.
        let kept = sink.keep_organization();
        let is_published = ran.as_ref().is_ok_and(|ended| {
            ended.stopped.is_none() || (self.options.publish_partial && ended.roster_is_complete)
        });
        let judged = if is_published { sink.judge_waiting() } else { Ok(()) };
        let judged_later = std::mem::take(&mut sink.judged_later);
        self.totals.join(judged_later);
        if self.shard.is_none() {
            // Of shards, finalize says so once.
            self.totals.organization_gaps.extend(organization_gaps(&facts));
        }
        let counted = self.writer.keep_usage(&self.usage);
        let ended = ran.map_err(|error| self.failed(error))?;
        kept.and(counted).map_err(refused)?;
        judged.map_err(Error::Rows)?;
        Ok((ended, facts))
    }

    /// Takes the sums of a run, and what it left undone where the scan is published all the same.
    fn take(&mut self, ended: RunResult, facts: &WhenComplete) -> Result<Organization, Error> {
        let RunResult { totals, organization, stopped, roster_is_complete, pending, taken } = ended;
        self.totals.join(totals);
        let out = self.options.out.clone();
        let refused = Error::lake(&out);
        if let Some(why) = stopped {
            if !(self.options.publish_partial && roster_is_complete) || self.shard.is_some() {
                // Whoever goes on begins these accounts anew; what was asked for them was asked.
                pending
                    .iter()
                    .filter_map(|one| one.usage.as_deref())
                    .for_each(|asked| self.usage.join(asked));
                self.writer.keep_usage(&self.usage).map_err(refused)?;
                return Err(self.stopped(why));
            }
            self.leave_out(pending, &organization, facts)?;
        }
        if self.shard.is_none() {
            self.judge_again(Place::Finished, &taken, &organization, facts)?;
        }
        Ok(organization)
    }

    /// Accounts that did not finish, in a scan that is published without them.
    fn leave_out(
        &mut self,
        pending: Vec<Pending>,
        organization: &Organization,
        facts: &WhenComplete,
    ) -> Result<(), Error> {
        let judge = Judge::new(&self.plan, organization);
        let packing = Packing::new(&self.writer, &self.plan, judge, facts.clone());
        // What an earlier scan has of an account is more than nothing: it stays.
        let (kept, lost): (Vec<_>, Vec<_>) = pending
            .into_iter()
            .partition(|one| one.refusal.is_none() && self.plan.had.contains(&one.account.id));
        for account in lost {
            let facts = account.facts(&self.plan);
            let kept = keep(&mut self.writer, &packing, Place::Unfinished, facts);
            self.totals.add(kept.map_err(Error::Rows)?);
        }
        let copied = |one: Pending| (one.account.id, Copied { account: one.account, usage: one.usage });
        let kept = kept.into_iter().map(copied).collect();
        self.judge_again(Place::Unfinished, &kept, organization, facts)
    }

    /// Accounts of which the facts of an earlier scan stay.
    fn judge_again(
        &mut self,
        place: Place,
        accounts: &BTreeMap<AccountId, Copied>,
        organization: &Organization,
        facts: &WhenComplete,
    ) -> Result<(), Error> {
        let Some(earlier) = &self.earlier else { return Ok(()) };
        let judge = Judge::new(&self.plan, organization);
        let packing = Packing::new(&self.writer, &self.plan, judge, facts.clone());
        let into = Into { writer: &mut self.writer, packing: &packing, place, totals: &mut self.totals };
        earlier.judge_again(self.registry, &self.options, accounts, into)
    }

    /// Accounts that a resumed scan need not collect again.
    fn kept(&self) -> usize {
        self.writer.finished().count() + self.writer.not_judged().len()
    }

    fn stopped(&self, why: StopReason) -> Error {
        Error::Stopped {
            why,
            kept: self.kept(),
            scan_id: self.header.scan_id.clone(),
            shard: self.shard,
            root: self.options.out.clone(),
        }
    }

    fn failed(&self, error: ScanError) -> Error {
        match error {
            ScanError::Cancelled => self.stopped(StopReason::Interrupted),
            ScanError::Deadline => self.stopped(StopReason::Deadline),
            error => Error::Failed {
                error: Box::new(error),
                kept: self.kept(),
                scan_id: self.header.scan_id.clone(),
                folder: self.writer.folder().to_owned(),
                root: self.options.out.clone(),
            },
        }
    }
}
