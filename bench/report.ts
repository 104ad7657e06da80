// What becomes of a comparison: the goals with ticks, every figure, and a picture.

import { type Check, type Goal, goals, type Run, type Verdict, valuesOf, verdicts } from './goals.ts'
import { describe, type Machine } from './machine.ts'
import { median } from './statistics.ts'
import { type Bar, ratioBars } from './svg.ts'
import { format, markdown, type Table } from './table.ts'

export interface Comparison {
  readonly machine: Machine & { readonly kafka: string }
  readonly runs: readonly Run[]
}

export function page({ machine, runs }: Comparison, pictureName: string): string {
  const judged = goals.flatMap((goal) => goal.checks.flatMap((check) => verdicts(check, runs)))
  const met = judged.filter((verdict) => verdict.met).length
  return [
    `# Milena beside Apache Kafka ${machine.kafka}`,
    '',
    `${describe(machine)}.`,
    '',
    `Medians of ${roundsOf(runs)} alternating rounds, both brokers one node on the same machine and disk with default`,
    'settings; the spread is (max − min) ÷ median of the rounds, of the broker where it is larger. MB are 10⁶ bytes',
    'of record values, when consuming of record batches; CPU is user + system time of the broker. Broker and load',
    'share the processors. Milena answers acks=all when the records are on the disk; Kafka, as it ships, does not wait',
    'for that.',
    '',
    `${met} of ${judged.length} met.`,
    '',
    markdown(inShort(runs)),
    `![Milena ÷ Kafka](${pictureName})`,
    '',
    ...goals.map((goal) => goalTable(goal, runs)).filter((text) => text !== ''),
    markdown(everything(runs)),
    ...errors(runs),
  ].join('\n')
}

/** The most rounds of any case; of some cases fewer, when a comparison was ended early. */
function roundsOf(runs: readonly Run[]): string {
  const counts = [...new Set(runs.map(({ name }) => name))].map((name) =>
    Math.max(...runs.filter((run) => run.name === name).map(({ round }) => round)),
  )
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  return least === most ? `${most}` : `${least} to ${most}`
}

/** One row for each bound of a goal: how near to it the cases come, from the nearest to the farthest. */
function inShort(runs: readonly Run[]): Table {
  const rows = goals.flatMap((goal) =>
    goal.checks.flatMap((check) => {
      const found = verdicts(check, runs)
      if (found.length === 0) return []
      const values = found.map(({ ratio, milena }) => (check.of === 'ratio' ? ratio : milena)).sort((a, b) => a - b)
      if (check.sense === '≥') values.reverse()
      const met = found.filter((verdict) => verdict.met).length
      return [
        [
          goal.title,
          `${familyOf(goal, check)}${check.figure}`,
          fromTo(values),
          bound(check),
          `${met} of ${found.length}`,
        ],
      ]
    }),
  )
  return { title: 'In short: Milena ÷ Kafka', columns: ['goal', 'figure', 'best … worst', 'bound', 'met'], rows }
}

/** Where a goal has several rows of one figure, the family of cases tells them apart. */
function familyOf({ checks }: Goal, { cases, figure }: Check): string {
  const isAlone = checks.filter((check) => check.figure === figure).length === 1
  return isAlone ? '' : `${cases.split('/')[0]}: `
}

function fromTo(values: readonly number[]): string {
  const [best, worst] = [format(values[0] ?? Number.NaN), format(values.at(-1) ?? Number.NaN)]
  return best === worst ? best : `${best} … ${worst}`
}

const bound = ({ of, sense, bound }: Check) => `${of === 'ratio' ? '' : 'itself '}${sense} ${bound}`

function goalTable(goal: Goal, runs: readonly Run[]): string {
  const rows = goal.checks.flatMap((check) => verdicts(check, runs)).map(row)
  if (rows.length === 0) return ''
  return markdown({
    title: goal.title,
    columns: ['case', 'figure', 'Kafka', 'Milena', '÷', 'goal', '', 'spread'],
    rows,
  })
}

function row({ check, name, kafka, milena, ratio, spread, met }: Verdict): (string | number)[] {
  return [name, check.figure, kafka, milena, ratio, bound(check), met ? '✓' : '✗', `${format(spread * 100)} %`]
}

function everything(runs: readonly Run[]): Table {
  const rows = [...new Set(runs.map(({ name }) => name))].flatMap((name) => {
    const figures = new Set(runs.filter((run) => run.name === name).flatMap(({ figures = {} }) => Object.keys(figures)))
    return [...figures].map((figure) => {
      const kafka = median(valuesOf(runs, name, 'kafka', figure))
      const milena = median(valuesOf(runs, name, 'milena', figure))
      return [name, figure, kafka, milena, milena / kafka]
    })
  })
  return { title: 'All figures', columns: ['case', 'figure', 'Kafka', 'Milena', '÷'], rows }
}

function errors(runs: readonly Run[]): string[] {
  return runs.flatMap(({ name, kind, round, error }) =>
    error === undefined ? [] : [`- ${name}, ${kind}, round ${round}: ${reason(error)}`],
  )
}

/** One line of what a case has printed: what it threw last, since a broker's last words come after that. */
export function reason(error = ''): string {
  const lines = error.split('\n')
  return (lines.findLast((line) => line.includes('Error: ')) ?? lines.at(-1) ?? '').slice(0, 300)
}

/** Ratios against their goals; what is judged by itself has no bar. */
export function picture({ runs }: Comparison): string {
  const judged = goals.flatMap((goal) => goal.checks.flatMap((check) => verdicts(check, runs)))
  const bars = judged
    .filter(({ check, ratio }) => check.of === 'ratio' && Number.isFinite(ratio) && ratio > 0)
    .map(
      ({ check, name, ratio, met }): Bar => ({
        label: `${name}: ${check.figure}`,
        value: ratio,
        mark: check.bound,
        good: met,
      }),
    )
  return ratioBars('Milena ÷ Apache Kafka; the tick is the goal, green has reached it', bars)
}
