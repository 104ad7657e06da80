// Tables that are read in a terminal and as Markdown alike.

export interface Table {
  readonly title: string
  readonly columns: readonly string[]
  /** The first cell of a row is its name; a number is shown with three digits or so. */
  readonly rows: readonly (readonly (string | number)[])[]
}

/** Three digits where there is a fraction, whole numbers in full. */
export function format(value: number): string {
  if (Number.isNaN(value)) return '–'
  const size = Math.abs(value)
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3)
}

export function markdown({ title, columns, rows }: Table): string {
  const cells = [columns, ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? format(cell) : cell)))]
  const widths = columns.map((_, index) => Math.max(3, ...cells.map((row) => (row[index] ?? '').length)))
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, index) => pad(row[index] ?? '', width, index)).join(' | ')} |`
  const dashes = (width: number, index: number) => '-'.repeat(width + 1) + (index === 0 ? '-' : ':')
  const rule = `|${widths.map(dashes).join('|')}|`
  const [head = [], ...body] = cells
  return [`### ${title}`, '', line(head), rule, ...body.map(line), ''].join('\n')
}

function pad(cell: string, width: number, index: number): string {
  return index === 0 ? cell.padEnd(width) : cell.padStart(width)
}
