// The pages without content of their own: waiting, not found, broken.
import { Button } from "@mantine/core";
import { Link, type ErrorComponentProps } from "@tanstack/react-router";
import { Problem } from "../api";
import { Logo } from "./Logo";
import styles from "./Plain.module.css";

export function Waiting() {
  return (
    <main className={styles.page} aria-busy="true" aria-label="Loading">
      <Logo size={36} />
    </main>
  );
}

export function NotFound() {
  return (
    <main className={styles.page}>
      <h1 className={styles.title}>This page does not exist</h1>
      <p className={styles.text}>The address may be old, or it was mistyped.</p>
      <Button component={Link} to="/phone/sms">
        Go to the inbox
      </Button>
    </main>
  );
}

export function Broken({ error }: ErrorComponentProps) {
  const offline = error instanceof Problem && error.status === 0;
  return (
    <main className={styles.page} role="alert">
      <h1 className={styles.title}>{offline ? "The server cannot be reached" : "Something went wrong"}</h1>
      <p className={styles.text}>{offline ? "Check your connection. Nothing that you wrote is lost." : String((error as Error | null)?.message ?? error)}</p>
      <Button onClick={() => location.reload()}>Try again</Button>
    </main>
  );
}
