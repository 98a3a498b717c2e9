// Everything once more, what is wrong by the step that mends it, and the launch with the count that is confirmed.
import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { CircleAlert, Rocket, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { isConfirmed, mustBeTyped } from "../../bulk/bulk";
import type { Plan } from "../../gen/wire";
import { Failure } from "../../parts/Failure";
import { useCommand } from "../../parts/useCommand";
import { amount, people } from "../../people/rows";
import { campaignsApi, draftQuery, forgetCampaigns, surveyQuery } from "../drafts";
import { Warnings } from "../Warnings";
import { Card } from "./Card";
import { When } from "./Schedule";
import { letter } from "./shares";
import { Counted } from "./Side";
import { faultsByStep, LABELS, type Step } from "./steps";
import type { StepProps } from "./step";
import wizard from "./Wizard.module.css";
import styles from "./Review.module.css";

export function Review(props: StepProps) {
  const { drafting, survey, counting } = props;
  const { draft } = drafting;
  return (
    <div className={wizard.columns}>
      <div className={wizard.column}>
        {survey && survey.faults.length > 0 && (
          <Card title="Before it can be launched">
            <ul className={styles.faults}>
              {faultsByStep(survey.faults).map(({ step, sentences }) => (
                <li key={step}>
                  <CircleAlert size={16} aria-hidden="true" />
                  <div>
                    {sentences.map((sentence) => (
                      <p key={sentence}>{sentence}</p>
                    ))}
                  </div>
                  <To id={draft.id} step={step}>
                    Go to {LABELS[step]}
                  </To>
                </li>
              ))}
            </ul>
          </Card>
        )}
        <Card title="Who gets it">
          <Counted {...props} />
        </Card>
        <Card title={draft.plan.variants.length > 1 ? "What they get" : "What each gets"}>
          {draft.plan.variants.map((one, index) => (
            <div key={index} className={styles.text}>
              {draft.plan.variants.length > 1 && (
                <h3>
                  {letter(index)}, {one.share} %
                </h3>
              )}
              <blockquote>{one.body || "Nothing yet."}</blockquote>
              <Warnings text={one.body} warnings={survey?.warnings[index] ?? []} />
            </div>
          ))}
        </Card>
        <Card title="When">
          <When {...props} />
          <p className={styles.stops}>{stopsOf(draft.plan)}</p>
        </Card>
      </div>
      <aside className={wizard.side} aria-label="Launch">
        {draft.template ? <OfTemplate id={draft.id} /> : <Launch {...props} counting={counting} />}
      </aside>
    </div>
  );
}

const stopsOf = (plan: Plan): string =>
  [
    plan.until_reply ? "Whoever answers gets nothing more of it." : "It goes on for people who answer.",
    plan.quiet ? "Its conversations stay out of the inbox until somebody answers." : "Its conversations stand in the inbox at once.",
  ].join(" ");

function To({ id, step, children }: { id: number; step: Step; children: React.ReactNode }) {
  return (
    <Link to="/sms/campaigns/$campaignId/edit/$step" params={{ campaignId: String(id), step }} className={styles.to}>
      {children}
    </Link>
  );
}

function OfTemplate({ id }: { id: number }) {
  return (
    <Card title="This is a template" lead="It is not launched itself: campaigns begin with its plan.">
      <Link to="/sms/campaigns/new" search={{ template: id }} className={styles.start}>
        <Button component="span" fullWidth>
          Start a campaign from it
        </Button>
      </Link>
    </Card>
  );
}

function Launch({ drafting, survey, counting }: StepProps) {
  const { draft } = drafting;
  const navigate = useNavigate();
  const queries = useQueryClient();
  const command = useCommand();
  const [typed, setTyped] = useState("");
  const count = survey?.found?.recipients ?? 0;
  const ready = !counting && survey !== undefined && survey.faults.length === 0 && count > 0 && isConfirmed(count, typed);
  const launching = useMutation({
    mutationFn: () => campaignsApi.launch(draft.id, command.idOf([drafting.version, count]), count),
    onSuccess: async (launched) => {
      void forgetCampaigns(queries);
      await navigate({ to: "/sms/campaigns/$campaignId", params: { campaignId: String(launched.id) } });
      queries.setQueryData(draftQuery(launched.id).queryKey, launched);
    },
    onError: () => {
      setTyped("");
      void queries.invalidateQueries({ queryKey: surveyQuery(draft.id, drafting.version).queryKey });
    },
  });
  const later = draft.plan.start.day !== null;
  return (
    <Card title={later ? "Schedule it" : "Launch it"}>
      <p className={styles.count} data-testid="launch-count">
        <b>{amount(count)}</b> {count === 1 ? "person gets" : "people get"} it.
      </p>
      <p className={styles.reminder}>
        <ShieldCheck size={18} aria-hidden="true" />
        <span>Only people who agreed to marketing texts from you may get this. By launching it you say that each of them did.</span>
      </p>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !launching.isPending) launching.mutate();
        }}
      >
        {mustBeTyped(count) && <TextInput label={`Type ${amount(count)} to confirm`} inputMode="numeric" autoComplete="off" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />}
        <Button type="submit" size="md" fullWidth leftSection={<Rocket size={17} aria-hidden="true" />} disabled={!ready} loading={launching.isPending}>
          {count > 0 ? `${later ? "Schedule" : "Launch"} for ${people(count)}` : later ? "Schedule" : "Launch"}
        </Button>
      </form>
      <Failure brief error={launching.error} />
    </Card>
  );
}
