// Pictures for the documents: bars, in as much SVG as that takes. Light on dark and dark on light look the same.

export interface Bar {
  readonly label: string
  readonly value: number
  /** Where the bar should end at most, or at least; a tick. */
  readonly mark?: number
  readonly good: boolean
}

const rowHeight = 18
const labelWidth = 420
const barWidth = 380
const valueWidth = 70
const top = 46

const colours = { good: '#2e8b57', bad: '#c0392b', text: '#777', axis: '#999' }
const palette = [
  '#4c78a8',
  '#f58518',
  '#54a24b',
  '#e45756',
  '#72b7b2',
  '#b279a2',
  '#eeca3b',
  '#9d755d',
  '#bab0ac',
  '#ff9da6',
  '#2f4b7c',
  '#d67195',
  '#83bcb6',
  '#665191',
  '#a05195',
]

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const text = (x: number, y: number, content: string, anchor = 'start') =>
  `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}" fill="${colours.text}">${escaped(content)}</text>`
const rect = (x: number, y: number, width: number, height: number, fill: string) =>
  `<rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(1, width).toFixed(1)}" height="${height}" fill="${fill}"/>`

function picture(width: number, height: number, body: readonly string[]): string {
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`
  const head = `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="11">`
  return `${[head, ...body, '</svg>'].join('\n')}\n`
}

/** Ratios on a logarithmic axis around 1. */
export function ratioBars(title: string, bars: readonly Bar[]): string {
  const reach = Math.max(2, ...bars.flatMap(({ value, mark = 1 }) => [value, 1 / value, mark, 1 / mark]))
  const at = (ratio: number) => labelWidth + (barWidth / 2) * (1 + Math.log(ratio) / Math.log(reach))
  const bottom = top + bars.length * rowHeight
  const body = [text(8, 20, title), text(at(1), top - 8, '1', 'middle')]
  body.push(`<line x1="${at(1)}" y1="${top - 4}" x2="${at(1)}" y2="${bottom}" stroke="${colours.axis}"/>`)
  bars.forEach(({ label, value, mark, good }, index) => {
    const y = top + index * rowHeight
    body.push(text(labelWidth - 8, y + 12, label, 'end'))
    body.push(
      rect(Math.min(at(1), at(value)), y + 3, Math.abs(at(value) - at(1)), 11, good ? colours.good : colours.bad),
    )
    if (mark !== undefined) body.push(rect(at(mark) - 1, y, 2, 16, colours.text))
    body.push(text(labelWidth + barWidth + 12, y + 12, value.toFixed(2)))
  })
  return picture(labelWidth + barWidth + valueWidth, bottom + 10, body)
}

export interface Stack {
  readonly label: string
  /** In the unit of the picture, in this order from the left. */
  readonly parts: Readonly<Record<string, number>>
}

/** What a whole is made of, one bar for each; a part has the same colour in all of them. */
export function stackedBars(title: string, unit: string, stacks: readonly Stack[]): string {
  const names = [...new Set(stacks.flatMap(({ parts }) => Object.keys(parts)))]
  const sum = ({ parts }: Stack) => Object.values(parts).reduce((total, part) => total + part, 0)
  const scale = barWidth / Math.max(...stacks.map(sum))
  const body = [text(8, 20, title)]
  stacks.forEach((stack, index) => {
    const y = top + index * rowHeight * 1.4
    let x = labelWidth
    body.push(text(labelWidth - 8, y + 12, stack.label, 'end'))
    for (const [name, part] of Object.entries(stack.parts)) {
      body.push(rect(x, y, part * scale, 16, palette[names.indexOf(name) % palette.length]!))
      x += part * scale
    }
    body.push(text(x + 6, y + 12, `${sum(stack).toFixed(2)} ${unit}`))
  })
  const legend = top + stacks.length * rowHeight * 1.4 + 10
  names.forEach((name, index) => {
    body.push(rect(labelWidth, legend + index * rowHeight, 10, 10, palette[index % palette.length]!))
    body.push(text(labelWidth + 16, legend + index * rowHeight + 9, name))
  })
  return picture(labelWidth + barWidth + valueWidth + 30, legend + names.length * rowHeight + 10, body)
}
