// A drip drawn before it happens: its batches as bars, over the hours in which nothing leaves; and the same as a table.
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { cityOf, dateTime } from "../compose/zoned";
import { amount, people } from "../people/rows";
import type { Outlook, Stretch } from "./drafts";
import styles from "./Ahead.module.css";

const HEIGHT = 150; // px

interface Props {
  outlook: Outlook;
  /** On whose clock the axis is. */
  zone: string;
}

export function Ahead({ outlook, zone }: Props) {
  const [at, setAt] = useState<number | null>(null);
  const bar = at === null ? undefined : outlook.bars[at];
  const place = cityOf(zone);
  return (
    <figure className={styles.ahead} aria-label="The batches over time">
      <figcaption>
        <span data-of="batches">People</span>
        {outlook.closed.length > 0 && <span data-of="closed">Not its days or hours</span>}
        {outlook.quiet.length > 0 && <span data-of="quiet">Quiet hours of some</span>}
        {outlook.ends_at !== null && <span data-of="end">Its last day ends</span>}
        <small>{bar ? `${dateTime(zone, new Date(bar.at))}: ${people(bar.count)}` : `By the clock in ${place}`}</small>
      </figcaption>
      <Chart outlook={outlook} zone={zone} onBar={setAt} />
      <Table outlook={outlook} zone={zone} />
    </figure>
  );
}

function Chart({ outlook, zone, onBar }: Props & { onBar: (at: number | null) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  useEffect(() => {
    const here = box.current;
    if (!here) return undefined;
    const bars = outlook.bars.map((one) => Date.parse(one.at) / 1_000);
    const plot = new uPlot(optionsOf(here, outlook, zone, onBar), [bars, outlook.bars.map((one) => one.count)], here);
    const sizes = new ResizeObserver(() => plot.setSize({ width: here.clientWidth, height: HEIGHT }));
    sizes.observe(here);
    return () => {
      sizes.disconnect();
      plot.destroy();
    };
  }, [outlook, zone, scheme, onBar]);
  return <div ref={box} className={styles.chart} role="img" aria-label={`Chart of ${outlook.bars.length === 1 ? "one bar" : `${outlook.bars.length} bars`}. The same is in the table below.`} />;
}

const DAY_S = 86_400;

function optionsOf(box: HTMLElement, outlook: Outlook, zone: string, onBar: (at: number | null) => void): uPlot.Options {
  const theme = getComputedStyle(box);
  const color = (name: string) => theme.getPropertyValue(name).trim();
  const axis = { stroke: color("--text-soft"), grid: { show: false }, ticks: { show: false }, font: `11px ${theme.fontFamily}` };
  const first = Date.parse(outlook.bars[0]?.at ?? "") / 1_000;
  const last = Date.parse(outlook.bars.at(-1)?.at ?? "") / 1_000 + outlook.bar_s;
  const ends = outlook.ends_at === null ? null : Date.parse(outlook.ends_at) / 1_000;
  // The end of the last day is shown where it is near: far off it would press the batches together.
  const until = ends !== null && ends > last && ends - last < last - first ? ends + (ends - first) / 40 : last;
  return {
    width: box.clientWidth, height: HEIGHT, legend: { show: false }, padding: [8, 26, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    tzDate: (at) => uPlot.tzDate(new Date(at * 1_000), zone),
    hooks: { setCursor: [(plot) => onBar(plot.cursor.idx ?? null)], drawClear: [(plot) => shade(plot, outlook, ends, color)] },
    scales: { x: { time: true, range: () => [first, until] }, y: { range: (_, __, most) => [0, Math.max(1, (most ?? 1) * 1.12)] } },
    axes: [{ ...axis, size: 26, space: 76, values: (_, ticks) => ticks.map((at) => tick(at, until - first, zone)) }, { ...axis, size: 46, space: 34, values: (_, values) => values.map((value) => (Number.isInteger(value) ? amount(value) : "")) }],
    series: [{}, { label: "People", stroke: color("--accent"), fill: color("--accent"), width: 0, points: { show: false }, paths: barsOf(outlook.bar_s) }],
  };
}

/** As wide as the time that a bar stands for, and never thinner than can be seen. */
function barsOf(bar_s: number): uPlot.Series.PathBuilder {
  return (plot, series) => {
    const [xs, ys] = [plot.data[0], plot.data[series] as number[]];
    const fill = new Path2D();
    const floor = plot.valToPos(0, "y", true);
    xs.forEach((at, n) => {
      const left = plot.valToPos(at, "x", true);
      const wide = Math.max(2, plot.valToPos(at + bar_s, "x", true) - left - 1);
      const top = plot.valToPos(ys[n] ?? 0, "y", true);
      fill.rect(left, top, wide, floor - top);
    });
    return { stroke: null, fill, clip: null, band: null, gaps: null, flags: 1 } as unknown as uPlot.Series.Paths;
  };
}

function shade(plot: uPlot, outlook: Outlook, ends: number | null, color: (name: string) => string): void {
  const { ctx, bbox } = plot;
  const strip = ({ begins, ends: until }: Stretch, fill: string, from: number, part: number) => {
    const left = Math.max(bbox.left, plot.valToPos(Date.parse(begins) / 1_000, "x", true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(Date.parse(until) / 1_000, "x", true));
    ctx.fillStyle = fill;
    if (right > left) ctx.fillRect(left, bbox.top + bbox.height * from, right - left, bbox.height * part);
  };
  ctx.save();
  for (const one of outlook.closed) strip(one, color("--line"), 0, 1);
  for (const one of outlook.quiet) strip(one, color("--warn"), 0, 0.05); // a band at the top: it lies over the other, too
  if (ends !== null) {
    const at = plot.valToPos(ends, "x", true);
    ctx.fillStyle = color("--danger");
    if (at <= bbox.left + bbox.width) ctx.fillRect(at, bbox.top, 2, bbox.height);
  }
  ctx.restore();
}

function tick(at: number, span: number, zone: string): string {
  const date = new Date(at * 1_000);
  const midnight = new Intl.DateTimeFormat("en-US", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(date) === "00:00";
  const day = new Intl.DateTimeFormat("en-US", { timeZone: zone, weekday: span < 8 * DAY_S ? "short" : undefined, month: "short", day: "numeric" });
  return midnight || span > 4 * DAY_S ? day.format(date) : new Intl.DateTimeFormat("en-US", { timeZone: zone, hour: "numeric", minute: "2-digit" }).format(date);
}

function Table({ outlook, zone }: Props) {
  return (
    <details className={styles.table}>
      <summary>As a table</summary>
      <div tabIndex={0} role="region" aria-label="The batches, as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">People</th>
            </tr>
          </thead>
          <tbody>
            {outlook.bars.map((one) => (
              <tr key={one.at}>
                <th scope="row">{dateTime(zone, new Date(one.at))}</th>
                <td>{amount(one.count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
