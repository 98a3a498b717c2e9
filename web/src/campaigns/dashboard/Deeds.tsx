// What can be done with a campaign at once: each asks once more where people would get less, or more, than was meant.
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Pause, Pencil, Play, Undo2, X } from "lucide-react";
import { useState, type ReactNode } from "react";
import { openOf } from "../../bulk/bulk";
import type { CampaignOut, Plan } from "../../gen/wire";
import { Failure } from "../../parts/Failure";
import { Sure } from "../../parts/Sure";
import { amount, people } from "../../people/rows";
import { campaignQuery, command, type CommandName } from "../api";
import { deedsOf } from "./course";
import { Edit } from "./Edit";
import styles from "./DashboardPage.module.css";

export function Deeds({ one, plan }: { one: CampaignOut; plan: Plan | undefined }) {
  const may = deedsOf(one);
  const [asking, ask] = useState<"cancel" | "unschedule" | "edit" | null>(null);
  const giving = useGive(one.id, () => ask(null));
  const close = () => {
    giving.reset();
    ask(null);
  };
  const busy = (name: CommandName) => giving.isPending && giving.variables === name;
  return (
    <div className={styles.deeds}>
      {one.state === "draft" && !one.template && (
        <Button renderRoot={(props) => <Link to="/sms/campaigns/$campaignId/edit/$step" params={{ campaignId: String(one.id), step: "review" }} {...props} />} leftSection={<Pencil size={15} aria-hidden="true" />}>
          Open the draft
        </Button>
      )}
      {may.pause && (
        <Button leftSection={<Pause size={16} aria-hidden="true" />} loading={busy("pause")} onClick={() => giving.mutate("pause")}>
          Pause
        </Button>
      )}
      {may.resume && (
        <Button leftSection={<Play size={16} aria-hidden="true" />} loading={busy("resume")} onClick={() => giving.mutate("resume")}>
          Resume
        </Button>
      )}
      {may.edit && plan && (
        <Button variant="default" leftSection={<Pencil size={15} aria-hidden="true" />} onClick={() => ask("edit")}>
          Edit
        </Button>
      )}
      {may.unschedule && (
        <Button variant="default" leftSection={<Undo2 size={16} aria-hidden="true" />} onClick={() => ask("unschedule")}>
          Unschedule
        </Button>
      )}
      {may.cancel && (
        <Button variant="default" className={styles.grave} leftSection={<X size={16} aria-hidden="true" />} onClick={() => ask("cancel")}>
          Cancel
        </Button>
      )}
      {asking === null && giving.error && (
        <div className={styles.refusal}>
          <Failure brief error={giving.error} />
        </div>
      )}
      <Sure
        opened={asking === "cancel"} title="Cancel this campaign?" no="Keep it" yes="Cancel it" busy={busy("cancel")} error={giving.error} onNo={close}
        onYes={() => giving.mutate("cancel")}
      >
        <Waiting one={one} /> This cannot be undone. What has left already cannot be taken back.
      </Sure>
      <Sure
        opened={asking === "unschedule"} grave={false} title="Unschedule this campaign?" no="Leave it scheduled" yes="Unschedule it" busy={busy("unschedule")} error={giving.error}
        onNo={close} onYes={() => giving.mutate("unschedule")}
      >
        It becomes a draft again, and nothing leaves until somebody launches it. Who gets it is found out anew then.
      </Sure>
      {asking === "edit" && plan && <Edit one={one} plan={plan} onDone={close} />}
    </div>
  );
}

function Waiting({ one }: { one: CampaignOut }): ReactNode {
  const open = openOf(one.figures);
  if (one.figures.wired === 0) return "Nobody has got it, and nobody will.";
  return `${people(open)} ${open === 1 ? "has" : "have"} not got it yet, and will not. ${amount(one.figures.wired)} ${one.figures.wired === 1 ? "was" : "were"} sent.`;
}

function useGive(id: number, done: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (name: CommandName) => command(id, name),
    onSuccess: (now) => {
      queries.setQueryData(campaignQuery(id).queryKey, now);
      done();
    },
  });
}
