// Webhooks: where events are posted to, of what, how they are signed, and what became of each.
import { Button, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Webhook as Icon } from "lucide-react";
import { useState } from "react";
import { Problem } from "../api";
import { useRefusal } from "../app/may";
import { Failure } from "../parts/Failure";
import { Nothing } from "../parts/Nothing";
import { Page } from "../parts/Page";
import { SettingsTabs } from "../settings/SettingsTabs";
import { KINDS, webhooksApi, webhooksQuery, type Wanted, type WebhookWithSecret } from "./api";
import { Endpoint } from "./Endpoint";
import { Picks } from "./Picks";
import { ShownOnce } from "./ShownOnce";
import styles from "./Programs.module.css";

const LEAD = "What happens here is posted to your other programs as it happens, signed, and again until they take it.";

export function WebhooksPage() {
  const refusal = useRefusal("connect_programs");
  return (
    <Page title="Webhooks" lead={LEAD} width={980}>
      <SettingsTabs />
      {refusal ? <p className={styles.refusal}>{refusal}</p> : <Webhooks />}
    </Page>
  );
}

function Webhooks() {
  const queries = useQueryClient();
  const found = useQuery(webhooksQuery);
  const [made, show] = useState<WebhookWithSecret | null>(null);
  const [fresh, renew] = useState(0);
  const adding = useMutation({
    mutationFn: webhooksApi.add,
    onSuccess: (added) => {
      show(added);
      renew((count) => count + 1);
      void queries.invalidateQueries({ queryKey: webhooksQuery.queryKey });
    },
  });
  return (
    <>
      <WebhookForm key={fresh} name="New webhook" button="Add webhook" busy={adding.isPending} error={adding.error} onSave={(wanted) => adding.mutate(wanted)} />
      <section className={styles.section} aria-labelledby="webhooks">
        <h2 id="webhooks">Your webhooks</h2>
        <Failure error={found.error} onAgain={() => void found.refetch()} />
        {found.isPending && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
        {found.data?.length === 0 && (
          <Nothing icon={Icon} title="No webhook yet" boxed>
            <p>Add the address of a program that shall hear what happens.</p>
          </Nothing>
        )}
        {found.data?.map((one) => <Endpoint key={one.id} webhook={one} onSecret={show} />)}
      </section>
      {made && (
        <ShownOnce title="The signing secret" label="Secret" secret={made.secret} onDone={() => show(null)}>
          {made.old_secret_until === null
            ? "Copy it now: it is shown this once. Your program verifies with it that a post comes from here, as Standard Webhooks describes."
            : "Copy it now: it is shown this once. For a day posts are signed with the old secret too, so that your program can change over."}
        </ShownOnce>
      )}
    </>
  );
}

interface FormProps {
  name: string;
  button: string;
  before?: Wanted;
  busy: boolean;
  error: Error | null;
  onSave: (wanted: Wanted) => void;
  onCancel?: () => void;
}

export function WebhookForm({ name, button, before, busy, error, onSave, onCancel }: FormProps) {
  const [url, setUrl] = useState(before?.url ?? "");
  const [kinds, setKinds] = useState<string[]>([...(before?.kinds ?? ["message.received", "contact.opted_out"])]);
  const atUrl = error instanceof Problem && error.field === "url";
  return (
    <form
      className={styles.form} aria-label={name}
      onSubmit={(event) => {
        event.preventDefault();
        if (url.trim() && kinds.length > 0 && !busy) onSave({ url: url.trim(), kinds });
      }}
    >
      <TextInput label="Address" type="url" placeholder="https://dialer.example.com/hooks" value={url} maxLength={2000} autoComplete="off" error={atUrl ? error.message : null} onChange={(event) => setUrl(event.currentTarget.value)} />
      <Picks label="Post when" options={KINDS} chosen={kinds} onChoose={setKinds} />
      <div className={styles.foot}>
        <Failure brief error={atUrl ? null : error} />
        {onCancel && (
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
        )}
        <Button type="submit" loading={busy} disabled={!url.trim() || kinds.length === 0}>
          {button}
        </Button>
      </div>
    </form>
  );
}
