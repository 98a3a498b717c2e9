// Whether texts in bulk need an opt-in on record. Owners and managers decide; everybody may know.
import { Switch } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRefusal } from "../app/may";
import { Failure } from "../parts/Failure";
import { Page } from "../parts/Page";
import { SettingsTabs } from "../settings/SettingsTabs";
import { consentApi, forgetConsent, settingsQuery } from "./consent";
import styles from "./Consent.module.css";

export function ConsentSettingsPage() {
  const queries = useQueryClient();
  const found = useQuery(settingsQuery);
  const changing = useMutation({
    mutationFn: consentApi.settings,
    onSuccess: (next) => {
      queries.setQueryData(settingsQuery.queryKey, next);
      void forgetConsent(queries);
    },
  });
  const refusal = useRefusal("change_settings");
  const problem = changing.error ?? found.error;
  const required = changing.isPending ? changing.variables.opt_in_required : found.data?.opt_in_required;
  return (
    <Page title="Consent" lead="Who may be written to, and what shows it." width={980}>
      <SettingsTabs />
      <section className={styles.box} aria-label="Texts in bulk">
        <Switch
          size="md" label="Texts in bulk need an opt-in on record" checked={required ?? false} disabled={refusal !== null || !found.data || changing.isPending}
          description="Bulk texts and campaigns then go only to numbers whose consent is on record: by a form, in words, with an imported list, or by the contact's START. What is queued already is held to it too."
          onChange={(event) => changing.mutate({ opt_in_required: event.currentTarget.checked })}
        />
        {refusal && <p className={styles.sentence}>{refusal}</p>}
        <Failure brief error={problem} />
      </section>
      <section className={styles.box} aria-labelledby="always">
        <h2 id="always">What always holds</h2>
        <ul>
          <li>Who texts STOP, or asks to stop in plain words, gets no bulk text any more, from any number of this workspace.</li>
          <li>An imported list never lifts an opt-out. Only the contact&apos;s START does, or their own newer consent, with evidence.</li>
          <li>An opt-out that the carrier holds is lifted by the contact&apos;s START alone.</li>
          <li>The record of each number is kept for ever. Nothing in it can be changed, and all of it can be downloaded from the contact&apos;s page.</li>
        </ul>
      </section>
    </Page>
  );
}
