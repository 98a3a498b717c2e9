import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { api, demoQuery, queryClient, sessionQuery } from "../api";
import { Avatar } from "../app/Avatar";
import { Logo } from "../app/Logo";
import styles from "./LoginPage.module.css";

export function LoginPage() {
  const { next } = useSearch({ from: "/login" });
  const navigate = useNavigate();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const login = useMutation({
    mutationFn: (asked: { email: string; password: string }) => api.login(asked.email, asked.password),
    onSuccess: (session) => {
      queryClient.clear();
      queryClient.setQueryData(sessionQuery.queryKey, session);
      void navigate({ to: next ?? "/phone/sms", replace: true });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate({ email, password });
  };
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <header className={styles.head}>
          <Logo size={44} />
          <h1>Log in to Threadline</h1>
        </header>
        <form onSubmit={submit} className={styles.form}>
          <TextInput label="Email" type="email" name="email" autoComplete="username" required withAsterisk={false} autoFocus size="md" value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
          <PasswordInput
            label="Password" name="password" autoComplete="current-password" required withAsterisk={false} size="md" value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ "aria-label": "Show the password", tabIndex: 0 }}
          />
          <div role="alert" className={styles.problem}>
            {login.error?.message}
          </div>
          <Button type="submit" size="md" fullWidth loading={login.isPending}>
            Log in
          </Button>
        </form>
        <DemoLogins busy={login.isPending} onPick={login.mutate} />
      </div>
    </main>
  );
}

function DemoLogins({ busy, onPick }: { busy: boolean; onPick: (login: { email: string; password: string }) => void }) {
  const { data } = useQuery(demoQuery);
  if (!data) return null;
  return (
    <section className={styles.demo} aria-labelledby="demo">
      <h2 id="demo">This is a simulation. Come in as</h2>
      <div className={styles.chips}>
        {data.logins.map((login) => (
          <button key={login.email} type="button" className={styles.chip} disabled={busy} onClick={() => onPick(login)}>
            <Avatar name={login.name} seed={login.email} size={36} />
            <span>
              <strong>{login.name}</strong>
              <small>{login.role}</small>
            </span>
          </button>
        ))}
      </div>
    </section>
  );
}
