// API tokens: made for a program, shown once, told apart by their ends, and revoked for good.
import { Button, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { useRefusal } from "../app/may";
import { Failure } from "../parts/Failure";
import { Nothing } from "../parts/Nothing";
import { Page } from "../parts/Page";
import { Sure } from "../parts/Sure";
import { SettingsTabs } from "../settings/SettingsTabs";
import { rowTime } from "../text/time";
import { useToday } from "../text/useToday";
import { SCOPES, tokensApi, tokensQuery, type NewToken, type Scope, type Token } from "./api";
import { Picks } from "./Picks";
import { ShownOnce } from "./ShownOnce";
import styles from "./Programs.module.css";

const LEAD = (
  <>
    A token lets another program, such as <Link to="/dialer">a dialer</Link>, work here in your name, within what you allow it.
  </>
);

export function TokensPage() {
  const refusal = useRefusal("connect_programs");
  return (
    <Page title="API tokens" lead={LEAD} width={980}>
      <SettingsTabs />
      {refusal ? <p className={styles.refusal}>{refusal}</p> : <Tokens />}
    </Page>
  );
}

function Tokens() {
  const found = useQuery(tokensQuery);
  const [made, show] = useState<NewToken | null>(null);
  const living = (found.data ?? []).filter((one) => one.revoked_at === null);
  const ended = (found.data ?? []).filter((one) => one.revoked_at !== null);
  return (
    <>
      <Making onMade={show} />
      <section className={styles.section} aria-labelledby="tokens">
        <h2 id="tokens">Tokens in use</h2>
        <Failure error={found.error} onAgain={() => void found.refetch()} />
        {found.isPending && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
        {found.data && living.length === 0 && (
          <Nothing icon={KeyRound} title="No token yet" boxed>
            <p>Make one above. The dialer page makes its own with one click.</p>
          </Nothing>
        )}
        {living.length > 0 && (
          <ul className={styles.list}>
            {living.map((token) => (
              <Row key={token.id} token={token} />
            ))}
          </ul>
        )}
      </section>
      {ended.length > 0 && (
        <details className={styles.ended}>
          <summary>Revoked tokens ({ended.length})</summary>
          <ul className={styles.list}>
            {ended.map((token) => (
              <Row key={token.id} token={token} />
            ))}
          </ul>
        </details>
      )}
      {made && (
        <ShownOnce title={`The token “${made.name}”`} label="Token" secret={made.token} onDone={() => show(null)}>
          Copy it now and put it into your program. It is shown this once: we keep no copy, and whoever has it can do what it allows.
        </ShownOnce>
      )}
    </>
  );
}

function Making({ onMade }: { onMade: (made: NewToken) => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Scope[]>(["read", "dialer"]);
  const making = useMutation({
    mutationFn: () => tokensApi.make(name.trim(), scopes),
    onSuccess: (made) => {
      setName("");
      onMade(made);
      void queries.invalidateQueries({ queryKey: tokensQuery.queryKey });
    },
  });
  return (
    <form
      className={styles.form} aria-label="New token"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() && scopes.length > 0 && !making.isPending) making.mutate();
      }}
    >
      <TextInput label="What is it for?" placeholder="Power dialer" value={name} maxLength={80} autoComplete="off" onChange={(event) => setName(event.currentTarget.value)} />
      <Picks label="What it may do" options={SCOPES} chosen={scopes} onChoose={setScopes} />
      <div className={styles.foot}>
        <Failure brief error={making.error} />
        <Button type="submit" loading={making.isPending} disabled={!name.trim() || scopes.length === 0}>
          Make token
        </Button>
      </div>
    </form>
  );
}

function Row({ token }: { token: Token }) {
  const today = useToday();
  const queries = useQueryClient();
  const [asking, ask] = useState(false);
  const revoking = useMutation({
    mutationFn: () => tokensApi.revoke(token.id),
    onSuccess: () => {
      ask(false);
      void queries.invalidateQueries({ queryKey: tokensQuery.queryKey });
    },
  });
  const day = (at: string) => rowTime(new Date(at), today);
  const used = token.last_used_at === null ? "Never used" : `Last used ${day(token.last_used_at)}`;
  return (
    <li className={styles.row}>
      <div className={styles.grow}>
        <p className={styles.name}>
          <strong>{token.name}</strong> <code>tl_…{token.hint}</code>
        </p>
        <p className={styles.facts}>
          {token.scopes.map((scope) => (
            <span key={scope} className={styles.tag}>
              {SCOPES.find((one) => one.value === scope)?.label ?? scope}
            </span>
          ))}
        </p>
        <p className={styles.facts}>
          {token.revoked_at === null ? used : `Revoked ${day(token.revoked_at)}`} · acts for {token.member} · made {day(token.created_at)}
        </p>
      </div>
      {token.revoked_at === null && (
        <Button variant="default" aria-label={`Revoke ${token.name}`} onClick={() => ask(true)}>
          Revoke
        </Button>
      )}
      <Sure opened={asking} title={`Revoke “${token.name}”?`} no="Keep it" yes="Revoke" busy={revoking.isPending} error={revoking.error} onNo={() => ask(false)} onYes={() => revoking.mutate()}>
        Every program that uses it is shut out at once, for good. What it has sent stays.
      </Sure>
    </li>
  );
}
