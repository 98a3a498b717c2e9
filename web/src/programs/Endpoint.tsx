// One webhook: what it hears, whether it is on and else why not, and the log of what was posted to it.
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Failure } from "../parts/Failure";
import { Sure } from "../parts/Sure";
import { fullTime } from "../text/time";
import { kindWords, webhooksApi, webhooksQuery, type Webhook, type WebhookWithSecret } from "./api";
import { Deliveries } from "./Deliveries";
import { WebhookForm } from "./WebhooksPage";
import styles from "./Programs.module.css";

export function Endpoint({ webhook, onSecret }: { webhook: Webhook; onSecret: (made: WebhookWithSecret) => void }) {
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const [editing, edit] = useState(false);
  const [rotating, askRotate] = useState(false);
  const off = webhook.disabled_at !== null;
  const renew = () => queries.invalidateQueries({ queryKey: webhooksQuery.queryKey });
  const changing = useMutation({
    mutationFn: (change: Parameters<typeof webhooksApi.change>[1]) => webhooksApi.change(webhook.id, change),
    onSuccess: () => {
      edit(false);
      return renew();
    },
  });
  const rotate = useMutation({
    mutationFn: () => webhooksApi.rotate(webhook.id),
    onSuccess: (made) => {
      askRotate(false);
      onSecret(made);
      void renew();
    },
  });
  if (editing)
    return <WebhookForm name={`Change ${webhook.url}`} button="Save" before={webhook} busy={changing.isPending} error={changing.error} onSave={(wanted) => changing.mutate(wanted)} onCancel={() => edit(false)} />;
  return (
    <article className={styles.endpoint} aria-label={webhook.url}>
      <div className={styles.endpointHead}>
        <p className={styles.url}>{webhook.url}</p>
        <span className={styles.state} data-off={off || undefined}>
          {off ? "Off" : "On"}
        </span>
      </div>
      {off && (
        <p className={styles.why} role="note">
          {webhook.disabled_why} What happens meanwhile is not queued for it; what was queued before waits.
        </p>
      )}
      <p className={styles.facts}>
        {webhook.kinds.map((kind) => (
          <span key={kind} className={styles.tag}>
            {kindWords(kind)}
          </span>
        ))}
      </p>
      {webhook.old_secret_until !== null && Date.parse(webhook.old_secret_until) > Date.now() && (
        <p className={styles.facts}>The old secret signs too until {fullTime(new Date(webhook.old_secret_until))}.</p>
      )}
      <div className={styles.acts}>
        <Button variant="default" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Close the log" : "Delivery log"}
        </Button>
        <Button variant="default" onClick={() => edit(true)}>
          Change
        </Button>
        <Button variant="default" onClick={() => askRotate(true)}>
          New secret
        </Button>
        <Button variant="default" loading={changing.isPending} onClick={() => changing.mutate({ disabled: !off })}>
          {off ? "Turn on" : "Turn off"}
        </Button>
      </div>
      <Failure brief error={changing.error} />
      {open && <Deliveries id={webhook.id} />}
      <Sure opened={rotating} grave={false} title="Make a new signing secret?" no="Keep this one" yes="Make a new one" busy={rotate.isPending} error={rotate.error} onNo={() => askRotate(false)} onYes={() => rotate.mutate()}>
        The old one signs beside it for a day. After that your program must know the new one.
      </Sure>
    </article>
  );
}
