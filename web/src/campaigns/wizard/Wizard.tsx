// The five steps from a name to a launch. Each has an address of its own; what is written is saved by itself.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Check, ChevronLeft, CloudOff } from "lucide-react";
import { useEffect, type ReactNode } from "react";
import { Problem } from "../../api";
import { Failure } from "../../parts/Failure";
import { Page } from "../../parts/Page";
import { draftQuery, isDraft, surveyQuery, type Draft, type Survey } from "../drafts";
import { Audience } from "./Audience";
import { Details } from "./Details";
import { Message } from "./Message";
import { Review } from "./Review";
import { Schedule } from "./Schedule";
import { beside, faultsAt, isStep, LABELS, STEPS, type Step } from "./steps";
import type { StepProps } from "./step";
import { useDraft, type Drafting } from "./useDraft";
import styles from "./Wizard.module.css";

const WIDTH = 1080; // px: what is chosen, and what it comes to

/** What each step is drawn from. */
const PAGES: Readonly<Record<Step, (props: StepProps) => ReactNode>> = { details: Details, audience: Audience, message: Message, schedule: Schedule, review: Review };

export function Wizard() {
  const { campaignId, step } = useParams({ from: "/inside/sms/campaigns/$campaignId/edit/$step" });
  const id = Number(campaignId);
  const read = useQuery({ ...draftQuery(id), refetchOnWindowFocus: false });
  const navigate = useNavigate();
  const elsewhere = read.data && !isDraft(read.data) ? `/sms/campaigns/${id}` : isStep(step) ? null : `/sms/campaigns/${id}/edit/details`;
  useEffect(() => {
    if (elsewhere) void navigate({ to: elsewhere as string, replace: true });
  }, [elsewhere, navigate]);
  if (read.error instanceof Problem && read.error.status === 404)
    return <Page width={WIDTH} back={<Back />} title="There is no such campaign" lead="It may belong to another workspace." />;
  if (!read.data)
    return (
      <Page width={WIDTH} back={<Back />} title="Campaign">
        <Failure error={read.error} onAgain={() => void read.refetch()} />
        {read.isPending && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
      </Page>
    );
  return isStep(step) && isDraft(read.data) ? <Steps key={id} read={read.data} step={step} /> : null;
}

function Back() {
  return (
    <Link to="/sms/campaigns" search={{}}>
      <ChevronLeft size={16} aria-hidden="true" /> Campaigns
    </Link>
  );
}

function Steps({ read, step }: { read: Draft; step: Step }) {
  const drafting = useDraft(read);
  const { draft, version } = drafting;
  const found = useQuery(surveyQuery(draft.id, version));
  const Shown = PAGES[step];
  return (
    <Page width={WIDTH} back={<Back />} title={draft.name} beside={<Saving drafting={drafting} />}>
      <Places draft={draft} step={step} survey={found.data} />
      <Failure error={drafting.problem} onAgain={drafting.saving === "failed" ? () => void drafting.flush() : undefined} />
      <Failure error={draft.refused} />
      {found.isError && <Failure error={found.error} onAgain={() => void found.refetch()} />}
      <Shown drafting={drafting} survey={found.data} counting={drafting.saving !== "saved" || found.isPlaceholderData || found.isPending} />
      <Foot draft={draft} step={step} />
    </Page>
  );
}

function Saving({ drafting }: { drafting: Drafting }) {
  const { saving, draft } = drafting;
  return (
    <p className={styles.saving} role="status" data-saving={saving}>
      {saving === "failed" ? <CloudOff size={15} aria-hidden="true" /> : saving === "saved" ? <Check size={15} aria-hidden="true" /> : null}
      {saving === "failed" ? "Not saved" : saving === "saved" ? (draft.template ? "Template saved" : "Draft saved") : "Saving…"}
    </p>
  );
}

function Places({ draft, step, survey }: { draft: Draft; step: Step; survey: Survey | undefined }) {
  return (
    <nav className={styles.places} aria-label="Steps">
      <ol>
        {STEPS.map((one, index) => {
          const wrong = survey !== undefined && faultsAt(one, survey.faults).length > 0;
          const right = survey !== undefined && !wrong && one !== "review";
          return (
            <li key={one}>
              <Link
                to="/sms/campaigns/$campaignId/edit/$step" params={{ campaignId: String(draft.id), step: one }} className={styles.place} data-here={one === step || undefined} data-right={right || undefined}
                aria-current={one === step ? "step" : undefined}
              >
                <span className={styles.mark}>{right ? <Check size={14} strokeWidth={3} aria-hidden="true" /> : index + 1}</span>
                <span className={styles.label}>{LABELS[one]}</span>
                {wrong && one !== step && <span className="hush">: not complete yet</span>}
              </Link>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}

function Foot({ draft, step }: { draft: Draft; step: Step }) {
  const [back, next] = [beside(step, -1), beside(step, 1)];
  const navigate = useNavigate();
  const go = (to: Step) => void navigate({ to: "/sms/campaigns/$campaignId/edit/$step", params: { campaignId: String(draft.id), step: to } });
  return (
    <footer className={styles.foot}>
      {back && (
        <Button variant="default" onClick={() => go(back)}>
          Back
        </Button>
      )}
      {next && (
        <Button className={styles.next} onClick={() => go(next)}>
          Next: {LABELS[next]}
        </Button>
      )}
    </footer>
  );
}
