// Changes a campaign that was launched: its name, its words and its pace, for all that has not left.
import { Button, Modal, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { CampaignOut, Plan } from "../../gen/wire";
import { Failure } from "../../parts/Failure";
import { Foot } from "../../parts/Sure";
import { campaignQuery, change } from "../api";
import styles from "./DashboardPage.module.css";

const MAX_LENGTH = 1_600;

export function Edit({ one, plan, onDone }: { one: CampaignOut; plan: Plan; onDone: () => void }) {
  const queries = useQueryClient();
  // What was shown when the dialog was opened: whoever changes it meanwhile must not be overwritten.
  const [opened] = useState({ version: one.version, plan });
  const [name, setName] = useState(one.name);
  const [bodies, setBodies] = useState(plan.variants.map(({ body }) => body));
  const [rate, setRate] = useState(plan.rate === null ? "" : String(plan.rate));
  const perS = rate.trim() === "" ? null : Number(rate);
  const wrong = perS !== null && !(perS > 0) ? "Write a number above zero, or nothing." : null;
  const saving = useMutation({
    mutationFn: () =>
      change(one.id, { version: opened.version, name, plan: { ...opened.plan, rate: perS, variants: opened.plan.variants.map((variant, n) => ({ ...variant, body: bodies[n] ?? variant.body })) } }),
    onSuccess: (now) => {
      queries.setQueryData(campaignQuery(one.id).queryKey, now);
      onDone();
    },
  });
  return (
    <Modal opened onClose={onDone} title="Edit this campaign" size={560} closeButtonProps={{ "aria-label": "Close" }}>
      <form
        className={styles.edit}
        onSubmit={(event) => {
          event.preventDefault();
          if (wrong === null && !saving.isPending) saving.mutate();
        }}
      >
        <TextInput label="Name" required withAsterisk={false} maxLength={120} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        {bodies.map((body, n) => (
          <Textarea
            key={n} label={bodies.length > 1 ? `Text ${letter(n)}` : "Text"} autosize minRows={3} maxRows={10} maxLength={MAX_LENGTH} value={body} data-autofocus={n === 0 || undefined}
            onChange={(event) => setBodies(bodies.with(n, event.currentTarget.value))}
          />
        ))}
        <TextInput
          label="Segments per second, at most" inputMode="decimal" value={rate} error={wrong} placeholder="As fast as the numbers let" className={styles.rate}
          onChange={(event) => setRate(event.currentTarget.value)}
        />
        <p className={styles.hint}>Whoever has not been written to gets it as it is saved here. What has left stays as it was.</p>
        <Failure brief error={saving.error} />
        <Foot>
          <Button variant="default" onClick={onDone}>
            Close
          </Button>
          <Button type="submit" loading={saving.isPending}>
            Save
          </Button>
        </Foot>
      </form>
    </Modal>
  );
}

export const letter = (variant: number): string => String.fromCharCode(65 + variant);
