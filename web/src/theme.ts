// The design system's tokens: every colour, radius, step of type and of space in the client is named here, once.
// Contrast was measured for both schemes: text 4.5:1 on each surface that bears it, controls and focus 3:1.
import { createTheme, type MantineColorsTuple, type MantineTheme } from "@mantine/core";

const pine: MantineColorsTuple = [
  "#eef8f5", "#dcf0ea", "#b7e0d5", "#8accbc", "#55c4ae", "#2f9c88", "#147a69", "#0b6a5b", "#0a574b", "#08443b",
];
const ink: MantineColorsTuple = [
  "#e7edea", "#c3cec9", "#a3b3ac", "#7b8c85", "#586861", "#33413c", "#25302c", "#18211e", "#121917", "#0c1210",
];
const clay: MantineColorsTuple = [
  "#fdf0ee", "#fadfdb", "#f4bcb4", "#f0a196", "#ef9185", "#d9604f", "#c03c2b", "#a92f20", "#8b2519", "#6d1d14",
];

export const theme = createTheme({
  colors: { pine, dark: ink, clay },
  primaryColor: "pine",
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  luminanceThreshold: 0.34,
  black: "#16201c",
  fontFamily:
    '-apple-system, "Segoe UI Variable Text", "Segoe UI", Roboto, Inter, "Adwaita Sans", "Noto Sans", "Liberation Sans", system-ui, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace',
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.9375rem", lg: "1.0625rem", xl: "1.375rem" },
  lineHeights: { xs: "1.35", sm: "1.45", md: "1.5", lg: "1.4", xl: "1.25" },
  spacing: { xs: "0.5rem", sm: "0.75rem", md: "1rem", lg: "1.5rem", xl: "2.25rem" },
  radius: { xs: "4px", sm: "7px", md: "10px", lg: "16px", xl: "22px" },
  defaultRadius: "md",
  headings: { fontWeight: "650" },
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: "sm", variant: "filled" } },
    Modal: { defaultProps: { centered: true, lockScroll: false, radius: "lg" } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: false } },
  },
});

interface Sheet {
  variables: Record<string, string>;
  light: Record<string, string>;
  dark: Record<string, string>;
}

/** The names that the style sheets use; each scheme gives all of them. */
export function cssVariables(_: MantineTheme): Sheet {
  return {
    variables: {
      "--rail-width": "76px",
      "--measure": "820px",
      "--text-2xs": "0.6875rem",
      "--ease": "cubic-bezier(0.2, 0.8, 0.2, 1)",
    },
    light: {
      "--canvas": "#f5f7f6",
      "--surface": "#ffffff",
      "--sunken": "#f1f4f2",
      "--hover": "#f0f4f2",
      "--chosen": "#e3f1ed",
      "--line": "#e2e7e4",
      "--line-strong": "#83928b",
      "--text": "#16201c",
      "--text-soft": "#55635d",
      "--accent": "#0b6a5b",
      "--accent-fill": "#0b6a5b",
      "--on-accent": "#ffffff",
      "--bubble-in": "#eef1ef",
      "--bubble-out": "#d7ede6",
      "--bubble-out-text": "#0c2a24",
      "--danger": "#a92f20",
      "--danger-soft": "#fdf0ee",
      "--warn": "#7a4a00",
      "--warn-soft": "#fdf3dd",
      "--warn-line": "#ecd5a3",
      "--focus": "#0b6a5b",
      "--rail": "#0c2f29",
      "--rail-text": "#b9d3cb",
      "--rail-chosen": "#1a4a41",
      "--rail-bright": "#ffffff",
      "--badge": "#f2b66d",
      "--on-badge": "#2f1b00",
      "--shadow": "0 1px 2px rgb(16 32 28 / 6%), 0 8px 24px rgb(16 32 28 / 9%)",
      "--mantine-color-body": "#ffffff",
      "--mantine-color-text": "#16201c",
      "--mantine-color-dimmed": "#55635d",
      "--mantine-color-placeholder": "#66746e",
      "--mantine-color-default-border": "#cbd3cf",
      "--mantine-color-error": "#a92f20",
    },
    dark: {
      "--canvas": "#0c1210",
      "--surface": "#121917",
      "--sunken": "#18211e",
      "--hover": "#1a2421",
      "--chosen": "#17332d",
      "--line": "#24302b",
      "--line-strong": "#6b7d75",
      "--text": "#e7edea",
      "--text-soft": "#a3b3ac",
      "--accent": "#55c4ae",
      "--accent-fill": "#55c4ae",
      "--on-accent": "#04201b",
      "--bubble-in": "#202b27",
      "--bubble-out": "#17453c",
      "--bubble-out-text": "#e3f5f0",
      "--danger": "#f0a196",
      "--danger-soft": "#33201d",
      "--warn": "#f0c674",
      "--warn-soft": "#2d2513",
      "--warn-line": "#4d3f1f",
      "--focus": "#6fd6c1",
      "--rail": "#080d0b",
      "--rail-text": "#9fb2aa",
      "--rail-chosen": "#17332d",
      "--rail-bright": "#e7f3ef",
      "--badge": "#f2b66d",
      "--on-badge": "#2f1b00",
      "--shadow": "0 1px 2px rgb(0 0 0 / 40%), 0 10px 30px rgb(0 0 0 / 45%)",
      "--mantine-color-body": "#121917",
      "--mantine-color-text": "#e7edea",
      "--mantine-color-dimmed": "#a3b3ac",
      "--mantine-color-placeholder": "#8d9e97",
      "--mantine-color-default-border": "#33413c",
      "--mantine-color-error": "#f0a196",
    },
  };
}

/** Avatar tints as [light ground, light letters, dark ground, dark letters]: each pair has 4.5:1 and more. */
export const TINTS = 7;

/** The same name has the same tint everywhere and for ever. */
export function tintOf(key: string): number {
  let hash = 0;
  for (const char of key) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return hash % TINTS;
}
