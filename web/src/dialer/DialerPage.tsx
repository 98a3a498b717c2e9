// A reference dialer: everything that it does it does by the public API with a token, as any dialer could.
import { Button, PasswordInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useRefusal } from "../app/may";
import { Failure } from "../parts/Failure";
import { Page } from "../parts/Page";
import { tokensApi } from "../programs/api";
import { Desk } from "./Desk";
import { Program } from "./program";
import styles from "./Dialer.module.css";

const KEPT = "dialer-token"; // of this tab, until it is closed or its member logs out
const MADE = "dialer-token-id"; // where this page made it: then it revokes it too
const LEAD = (
  <>
    A small power dialer that you can try, and a pattern for connecting your own: all of it goes by the public API, with <Link to="/settings/tokens">a token</Link>.
  </>
);

export function DialerPage() {
  const [token, setToken] = useState(() => sessionStorage.getItem(KEPT));
  const program = useMemo(() => (token === null ? null : new Program(token)), [token]);
  const keep = (next: string, id: number | null) => {
    sessionStorage.setItem(KEPT, next);
    if (id !== null) sessionStorage.setItem(MADE, String(id));
    setToken(next);
  };
  const forget = () => {
    const id = sessionStorage.getItem(MADE);
    if (id !== null) void tokensApi.revoke(Number(id)).catch(() => undefined); // it stands among the tokens then, to be revoked there
    sessionStorage.removeItem(MADE);
    sessionStorage.removeItem(KEPT);
    setToken(null);
  };
  return (
    <Page title="Dialer" lead={LEAD} width={1180}>
      {program ? <Desk program={program} onForget={forget} /> : <Connect onToken={keep} />}
    </Page>
  );
}

function Connect({ onToken }: { onToken: (token: string, id: number | null) => void }) {
  const refusal = useRefusal("connect_programs");
  const [typed, type] = useState("");
  const making = useMutation({ mutationFn: () => tokensApi.make("Reference dialer", ["read", "dialer"]), onSuccess: (made) => onToken(made.token, made.id) });
  return (
    <div>
      <section className={styles.connect} aria-labelledby="connect">
        <h2 id="connect">Connect it first</h2>
        <p>A dialer needs a token with the scopes “Read” and “Dialer”. This tab forgets it when it is closed.</p>
        {refusal === null ? (
          <div>
            <Button loading={making.isPending} onClick={() => making.mutate()}>
              Make a token and connect
            </Button>
            <Failure brief error={making.error} />
          </div>
        ) : (
          <p>{refusal}</p>
        )}
        <form
          aria-label="Connect with a token"
          onSubmit={(event) => {
            event.preventDefault();
            if (typed.trim()) onToken(typed.trim(), null);
          }}
        >
          <PasswordInput label="Or use one that you have" placeholder="tl_…" value={typed} autoComplete="off" visibilityToggleButtonProps={{ "aria-label": "Show the token" }} onChange={(event) => type(event.currentTarget.value)} />
          <Button type="submit" variant="default" disabled={!typed.trim()}>
            Connect
          </Button>
        </form>
      </section>
    </div>
  );
}
