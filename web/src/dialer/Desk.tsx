// The dialer at work: whom to call, the call, how it ended, and beside it what comes in.
import { Button } from "@mantine/core";
import { useState } from "react";
import { Failure } from "../parts/Failure";
import { AfterCall } from "./AfterCall";
import { InCall } from "./InCall";
import { Log } from "./Log";
import type { Program, ScreenPop } from "./program";
import { useStream } from "./useStream";
import { Whom } from "./Whom";
import styles from "./Dialer.module.css";

type Stage = { at: "idle" } | { at: "call"; pop: ScreenPop; began: number } | { at: "over"; pop: ScreenPop; seconds: number };

export function Desk({ program, onForget }: { program: Program; onForget: () => void }) {
  const [stage, go] = useState<Stage>({ at: "idle" });
  const stream = useStream(program);
  return (
    <div className={styles.desk}>
      <div className={styles.work}>
        <Failure error={stream.problem} />
        {stage.at === "idle" && <Whom program={program} onCall={(pop) => go({ at: "call", pop, began: Date.now() })} />}
        {stage.at === "call" && (
          <InCall key={stage.pop.call_id} program={program} pop={stage.pop} began={stage.began} events={stream.events} onHangUp={() => go({ at: "over", pop: stage.pop, seconds: Math.round((Date.now() - stage.began) / 1000) })} />
        )}
        {stage.at === "over" && <AfterCall key={stage.pop.call_id} program={program} pop={stage.pop} seconds={stage.seconds} onDone={() => go({ at: "idle" })} />}
      </div>
      <div className={styles.beside}>
        <Log events={stream.events} on={stream.on} address={stage.at === "idle" ? null : stage.pop.address} />
        <p className={styles.small}>
          Connected with a token of this tab.{" "}
          <Button variant="subtle" size="compact-sm" onClick={onForget}>
            Disconnect
          </Button>
        </p>
      </div>
    </div>
  );
}
