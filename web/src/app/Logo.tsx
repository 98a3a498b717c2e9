export function Logo({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" fill="#11574b" />
      <path d="M7 20.500c4 0 4-9 8.500-9s3 9 7.500 9" fill="none" stroke="#7be3cd" strokeWidth="2.800" strokeLinecap="round" />
      <circle cx="24.500" cy="11.500" r="2.500" fill="#f2b66d" />
    </svg>
  );
}
