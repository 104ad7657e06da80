// Counts by name that drop what nobody counts any more.

export function count(counts: Map<string, number>, name: string, difference: 1 | -1): void {
  const next = (counts.get(name) ?? 0) + difference
  if (next <= 0) counts.delete(name)
  else counts.set(name, next)
}
