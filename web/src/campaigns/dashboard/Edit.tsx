// Changes a campaign that was launched: its name, its words, its pace and its drip, for all that has not left.
import { Button, Modal, TextInput } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Phone } from "../../bulk/PhonePreview";
import type { CampaignOut, Plan } from "../../gen/wire";
import { Failure } from "../../parts/Failure";
import { Foot } from "../../parts/Sure";
import { useLook } from "../../templates/Fields";
import { filled } from "../../templates/text";
import { countSegments } from "../../text/segments";
import { campaignQuery, change, recipientsQuery } from "../api";
import { DripFields } from "../wizard/Schedule";
import { letter } from "../wizard/shares";
import { Words } from "../wizard/Words";
import { useWarnings } from "../wording";
import styles from "./DashboardPage.module.css";

export function Edit({ one, plan, onDone }: { one: CampaignOut; plan: Plan; onDone: () => void }) {
  const queries = useQueryClient();
  // What was shown when the dialog was opened: whoever changes it meanwhile must not be overwritten.
  const [opened] = useState({ version: one.version, plan });
  const [name, setName] = useState(one.name);
  const [variants, setVariants] = useState(plan.variants);
  const [drip, setDrip] = useState(plan.drip);
  const [rate, setRate] = useState(plan.rate === null ? "" : String(plan.rate));
  const warnings = useWarnings(variants.map(({ body }) => body));
  const perS = rate.trim() === "" ? null : Number(rate);
  const wrong = perS !== null && !(perS > 0) ? "Write a number above zero, or nothing." : null;
  const saving = useMutation({
    mutationFn: () =>
      change(one.id, { version: opened.version, name, plan: { ...opened.plan, rate: perS, drip, variants } }),
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
        {variants.map((one, n) => (
          <Words
            key={n} variant={one} index={n} of={variants.length} label="Text" warnings={warnings(n)} onChange={(over) => setVariants(variants.with(n, { ...one, ...over }))}
            onRemove={null}
          />
        ))}
        <Reads one={one} plan={{ ...opened.plan, variants }} />
        {drip !== null && (
          <section className={styles.drip} aria-label="Drip">
            <h3>Drip</h3>
            <DripFields drip={drip} onChange={(over) => setDrip({ ...drip, ...over })} />
          </section>
        )}
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

/** How it reads for somebody who still waits for it, or else for one who has got it. */
function Reads({ one, plan }: { one: CampaignOut; plan: Plan }) {
  const [at, show] = useState(0);
  const waits = one.figures.pending > 0;
  const found = useInfiniteQuery(recipientsQuery(one.id, { state: waits ? "pending" : "", q: "" }));
  const somebody = found.data?.pages[0]?.rows.find((row) => row.contact_id !== null);
  const body = plan.variants[at]?.body ?? "";
  const { rendered } = useLook(body, { contactId: somebody?.contact_id ?? undefined });
  const answers = new Map(Object.entries(plan.answers).map(([name, answer]) => [name.toLowerCase(), answer]));
  const lacking = rendered?.missing.filter((token) => !answers.get(token.name.toLowerCase())?.trim()) ?? [];
  // Signed by whoever launched it, as a rule its author, and not by whoever looks.
  const values = { ...rendered?.values, ...(one.author && { agent_name: one.author }), ...Object.fromEntries((rendered?.missing ?? []).map((token) => [token.name, answers.get(token.name.toLowerCase()) ?? null])) };
  const text = rendered && rendered.faults.length === 0 ? filled(body, { ...rendered, values }).map((part) => part.text).join("") : "";
  const shown = somebody && { name: somebody.name, address: somebody.address, text, segments: countSegments(text).count, missing: lacking.map(({ label }) => label), excluded: lacking.length > 0 ? "missing_value" : null, sentence: "A value that the text needs is missing" };
  return (
    <section className={styles.reads} aria-label="Preview">
      <h3>As {somebody ? (somebody.name ?? "one of them") : "they"} will read it</h3>
      {plan.variants.length > 1 && (
        <div className={styles.which} role="group" aria-label="Which text">
          {plan.variants.map((_, n) => (
            <button key={n} type="button" aria-pressed={n === at} aria-label={`Text ${letter(n)}`} onClick={() => show(n)}>
              {letter(n)}
            </button>
          ))}
        </div>
      )}
      <Phone shown={text ? shown : undefined} empty="The preview comes back once the text is mended." />
    </section>
  );
}
