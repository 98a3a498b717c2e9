// What happened over time, drawn, and the same as a table for whoever does not see the drawing.
import { useComputedColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { Failure } from "../../parts/Failure";
import { amount } from "../../people/rows";
import { minutesQuery } from "../api";
import { courseOf, type Bucket, type Counted, type Course } from "./course";
import styles from "./OverTime.module.css";

/** Seconds between marks of the axis: none falls twice on the minute that it names. */
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14_400, 43_200].map((minutes) => minutes * 60);

interface Line {
  readonly key: Counted;
  readonly label: string;
  /** Which of the theme's colours. */
  readonly color: string;
}

const TEXTS: readonly Line[] = [
  { key: "wired", label: "Sent", color: "--text-soft" },
  { key: "delivered", label: "Delivered", color: "--accent" },
  { key: "failed", label: "Failed", color: "--danger" },
];
const ANSWERS: readonly Line[] = [
  { key: "replied", label: "Replied", color: "--accent" },
  { key: "opted_out", label: "Opted out", color: "--danger" },
  { key: "clicked", label: "Clicked", color: "--text-soft" },
];
const HEIGHT = 200; // px

export function OverTime({ id, clicks }: { id: number; clicks: boolean }) {
  const found = useQuery(minutesQuery(id));
  const course = useMemo(() => courseOf(found.data?.rows ?? []), [found.data]);
  const [which, show] = useState<"texts" | "answers">("texts");
  const lines = which === "texts" ? TEXTS : ANSWERS.filter(({ key }) => clicks || key !== "clicked");
  if (!found.error && course.buckets.length === 0) return null;
  return (
    <section className={styles.course} aria-labelledby="over-time">
      <header>
        <h2 id="over-time">Over time</h2>
        <div role="group" aria-label="What is drawn" className={styles.which}>
          <button type="button" aria-pressed={which === "texts"} onClick={() => show("texts")}>
            Texts
          </button>
          <button type="button" aria-pressed={which === "answers"} onClick={() => show("answers")}>
            Answers
          </button>
        </div>
      </header>
      <Failure error={found.error} />
      {course.buckets.length > 0 && <Chart course={course} lines={lines} />}
      {course.buckets.length > 0 && <Table course={course} lines={clicks ? [...TEXTS, ...ANSWERS] : [...TEXTS, ...ANSWERS].filter(({ key }) => key !== "clicked")} />}
    </section>
  );
}

function Chart({ course, lines }: { course: Course; lines: readonly Line[] }) {
  const box = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  const [at, setAt] = useState<number | null>(null);
  const { buckets, step_s: step } = course;
  const data = useMemo((): uPlot.AlignedData => dataOf(course, lines), [course, lines]);
  const latest = useRef(data);
  latest.current = data;
  const chart = useRef<uPlot | null>(null);
  const keys = lines.map(({ key }) => key).join();
  useEffect(() => {
    const here = box.current;
    if (!here) return undefined;
    const plot = new uPlot(optionsOf(here, lines, step, setAt), latest.current, here);
    chart.current = plot;
    const sizes = new ResizeObserver(() => plot.setSize({ width: here.clientWidth, height: HEIGHT }));
    sizes.observe(here);
    return () => {
      sizes.disconnect();
      plot.destroy();
      chart.current = null;
    };
    // Colours are read from the theme when it is drawn anew; figures alone are set below.
  }, [keys, step, scheme]);
  useEffect(() => chart.current?.setData(data), [data]);
  const shown = at === null ? undefined : buckets[Math.min(at, buckets.length - 1)];
  return (
    <>
      <p className={styles.legend}>
        {lines.map(({ key, label, color }) => (
          <span key={key} data-line={key} style={{ color: `var(${color})` }}>
            <b>{label}</b> {amount(shown ? shown[key] : buckets.reduce((sum, one) => sum + one[key], 0))}
          </span>
        ))}
        <small>{shown ? stretch(shown, step) : `in all, drawn ${each(step)}`}</small>
      </p>
      <div ref={box} className={styles.chart} role="img" aria-label={`Chart ${each(step)}: ${lines.map(({ label }) => label.toLowerCase()).join(", ")}. The same is in the table below.`} />
    </>
  );
}

/** A stretch is as wide as it lasts: the last one too, which a point of its own ends. */
function dataOf({ buckets, step_s: step }: Course, lines: readonly Line[]): uPlot.AlignedData {
  const last = buckets.slice(-1);
  return [[...buckets.map(({ at }) => at), ...last.map(({ at }) => at + step)], ...lines.map(({ key }) => [...buckets, ...last].map((one) => one[key]))];
}

function optionsOf(box: HTMLElement, lines: readonly Line[], step: number, seen: (at: number | null) => void): uPlot.Options {
  const theme = getComputedStyle(box);
  const color = (name: string) => theme.getPropertyValue(name).trim();
  const axis = { stroke: color("--text-soft"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: `11px ${theme.fontFamily}` };
  const whole = (_: uPlot, values: number[]) => values.map((value) => (Number.isInteger(value) ? amount(value) : ""));
  return {
    width: box.clientWidth, height: HEIGHT, legend: { show: false }, padding: [10, 26, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    hooks: { setCursor: [(plot) => seen(plot.cursor.idx ?? null)] },
    scales: { x: { time: true, range: (_, first, last) => [first, Math.max(last, first + step)] }, y: { range: (_, __, most) => [0, Math.max(4, Math.ceil((most ?? 0) * 1.1))] } },
    axes: [{ ...axis, size: 28, incrs: STEPS_S, grid: { show: false }, values: (_, ticks) => ticks.map((at, n) => mark(at, ticks[n - 1])) }, { ...axis, size: 46, values: whole }],
    series: [{}, ...lines.map((line) => seriesOf(line, color(line.color)))],
  };
}

const FILLED: ReadonlySet<Counted> = new Set(["delivered", "replied"]); // what one hopes for

function seriesOf({ key, label }: Line, stroke: string): uPlot.Series {
  const steps = uPlot.paths.stepped?.({ align: 1 });
  return { label, stroke, width: 2, points: { show: false }, ...(steps && { paths: steps }), ...(FILLED.has(key) && { fill: `color-mix(in srgb, ${stroke} 14%, transparent)` }) };
}

// Words for stretches of time

const day = new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric" });
const hour = new Intl.DateTimeFormat("en-US", { hour: "numeric", minute: "2-digit" });

/** The hour; where another day begins, the day. */
function mark(at: number, before: number | undefined): string {
  const date = new Date(at * 1_000);
  return before !== undefined && new Date(before * 1_000).toDateString() === date.toDateString() ? hour.format(date) : before === undefined ? hour.format(date) : day.format(date);
}

const EACH: Record<number, string> = { 60: "by the minute", 300: "by five minutes", 900: "by quarters of an hour", 3_600: "by the hour", 21_600: "by six hours", 86_400: "by the day", 604_800: "by the week" };
const each = (step: number): string => EACH[step] ?? "";

function stretch({ at }: Bucket, step: number): string {
  const from = new Date(at * 1_000);
  const to = new Date((at + step) * 1_000);
  if (step >= 86_400) return `from ${day.format(from)}`;
  return `${day.format(from)}, ${hour.format(from)}${step > 60 ? ` to ${hour.format(to)}` : ""}`;
}

function Table({ course, lines }: { course: Course; lines: readonly Line[] }) {
  const told = course.buckets.filter((one) => lines.some(({ key }) => one[key] !== 0));
  return (
    <details className={styles.table}>
      <summary>As a table</summary>
      <div tabIndex={0} role="region" aria-label="Over time, as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              {lines.map(({ key, label }) => (
                <th key={key} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {told.map((one) => (
              <tr key={one.at}>
                <th scope="row">{stretch(one, course.step_s)}</th>
                {lines.map(({ key }) => (
                  <td key={key}>{amount(one[key])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
