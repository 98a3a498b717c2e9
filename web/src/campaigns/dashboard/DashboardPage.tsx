// A campaign that was launched: how it stands and what comes next, its figures as they move, and what can be done with it.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ChevronLeft } from "lucide-react";
import { useEffect } from "react";
import { Problem } from "../../api";
import type { CampaignOut } from "../../gen/wire";
import { useCampaign } from "../../live/hooks";
import { Failure } from "../../parts/Failure";
import { Page } from "../../parts/Page";
import { Shares } from "../../parts/Shares";
import { amount } from "../../people/rows";
import { fullTime } from "../../text/time";
import { Ahead } from "../Ahead";
import { campaignQuery, outlookQuery, type Campaign } from "../api";
import { openOf } from "../../bulk/bulk";
import { everybody, figuresOf, newer } from "./course";
import { Deeds } from "./Deeds";
import { Next } from "./Next";
import { OverTime } from "./OverTime";
import { Recipients } from "./Recipients";
import { Texts } from "./Texts";
import { useCourseAnew } from "./useCourseAnew";
import { Why } from "./Why";
import styles from "./DashboardPage.module.css";

const WIDTH = 1120; // px: five columns of recipients

export function DashboardPage() {
  const { campaignId } = useParams({ from: "/inside/sms/campaigns/$campaignId" });
  const id = Number(campaignId);
  const live = useCampaign(id);
  const read = useQuery(campaignQuery(id));
  const one = newer(live, read.data);
  usePlanOf(id, one, read.data);
  useCourseAnew(id, one);
  if (read.error instanceof Problem && read.error.status === 404) return <NotThere />;
  return (
    <Page width={WIDTH} back={<Back />} title={one?.name ?? "Campaign"} beside={one && <Standing one={one} read={read.data} />} lead={one && <Launched one={one} />}>
      <Failure error={read.error} />
      {!one && read.isPending && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
      {one && <Course one={one} read={read.data} />}
    </Page>
  );
}

/** The plan is not told live: whoever has changed it has made another version. */
function usePlanOf(id: number, one: CampaignOut | undefined, read: Campaign | undefined): void {
  const queries = useQueryClient();
  const [now, known] = [one?.version, read?.version];
  useEffect(() => {
    if (now !== undefined && known !== undefined && now > known) void queries.invalidateQueries({ queryKey: campaignQuery(id).queryKey });
  }, [queries, id, now, known]);
}

function NotThere() {
  return (
    <Page width={WIDTH} back={<Back />} title="There is no such campaign" lead="It may belong to another workspace." />
  );
}

function Back() {
  return (
    <Link to="/sms/campaigns" search={{}}>
      <ChevronLeft size={16} aria-hidden="true" /> Campaigns
    </Link>
  );
}

function Standing({ one, read }: { one: CampaignOut; read: Campaign | undefined }) {
  return (
    <>
      <span className={styles.state} data-state={one.state} role="status">
        {one.told.split(":")[0]}
      </span>
      <Deeds one={one} plan={read?.plan} />
    </>
  );
}

function Launched({ one }: { one: CampaignOut }) {
  return (
    <>
      {one.description && <>{one.description} · </>}
      {one.author && <>{one.author}, </>}
      {one.launched_at === null ? "not launched" : <time dateTime={one.launched_at}>{fullTime(new Date(one.launched_at))}</time>}
    </>
  );
}

function Course({ one, read }: { one: CampaignOut; read: Campaign | undefined }) {
  return (
    <div className={styles.parts}>
      <Next one={one} plan={read?.plan} />
      {one.figures.audience > 0 && <Figures one={one} />}
      {read?.plan.drip && one.whole && <StillToCome id={one.id} zone={read.plan.drip.zone} />}
      {read && <Texts plan={read.plan} />}
      {one.whole && <OverTime id={one.id} clicks={one.click_through !== null} />}
      {one.figures.audience > 0 && <Why id={one.id} />}
      {one.figures.audience > 0 && <Recipients one={one} variants={read?.plan.variants.length ?? 1} />}
    </div>
  );
}

/** The batches of a drip that have not begun. */
function StillToCome({ id, zone }: { id: number; zone: string }) {
  const { data: outlook } = useQuery(outlookQuery(id));
  if (!outlook) return null;
  return (
    <section className={styles.ahead} aria-labelledby="still-to-come">
      <h2 id="still-to-come">Still to come</h2>
      <Ahead outlook={outlook} zone={zone} />
      <p>
        {outlook.quiet.length > 0 && "The quiet hours are those of this clock. "}Not drawn: how long the numbers take for a batch, and the quiet hours of each recipient's own zone and state. Whoever sleeps gets it in the morning.
      </p>
    </section>
  );
}

function Figures({ one }: { one: CampaignOut }) {
  const { figures } = one;
  return (
    <section aria-label="Progress" className={styles.figures}>
      <Shares shares={everybody(figures)} done={figures.audience - openOf(figures)} of={figures.audience} />
      <dl>
        {figuresOf(one).map(({ key, label, value, note }) => (
          <div key={key}>
            <dt>{label}</dt>
            <dd data-figure={key}>{value === null ? "–" : amount(value)}</dd>
            <dd className={styles.note}>{note}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
