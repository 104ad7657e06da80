// The text format of Prometheus (version 0.0.4), which OpenMetrics scrapers read as well:
//
//   # HELP kafka_server_brokertopicmetrics_messagesin_total Records produced.
//   # TYPE kafka_server_brokertopicmetrics_messagesin_total counter
//   kafka_server_brokertopicmetrics_messagesin_total{topic="orders"} 42
//
// A family is a generator of samples, so that whoever writes them may pause between any two.

export type MetricType = 'counter' | 'gauge' | 'summary' | 'untyped'

/** Values of labels may be any text; names are ours. */
export type Labels = Readonly<Record<string, string | number>>

export interface Sample {
  /** Behind the family's name: `_count`, `_sum`. */
  readonly suffix?: string
  readonly labels?: Labels
  readonly value: number
}

export interface Family {
  readonly name: string
  readonly type: MetricType
  readonly help: string
  samples(): Iterable<Sample>
}

export function family(name: string, type: MetricType, help: string, samples: () => Iterable<Sample>): Family {
  return { name, type, help, samples }
}

/** A family of one sample without labels. */
export function single(name: string, type: MetricType, help: string, value: () => number): Family {
  return { name, type, help, samples: () => [{ value: value() }] }
}

/** Lines, each with its newline. A family without samples is left out. */
export function* lines(families: Iterable<Family>): Generator<string> {
  for (const { name, type, help, samples } of families) {
    let isFirst = true
    for (const { suffix = '', labels, value } of samples()) {
      if (isFirst) yield `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
      isFirst = false
      yield `${name}${suffix}${labels === undefined ? '' : labelText(labels)} ${numberText(value)}\n`
    }
  }
}

function labelText(labels: Labels): string {
  let text = ''
  for (const name in labels) text += `${text === '' ? '' : ','}${name}="${escaped(String(labels[name]))}"`
  return text === '' ? '' : `{${text}}`
}

const SPECIAL = /[\\"\n]/g

function escaped(value: string): string {
  return value.replace(SPECIAL, (one) => (one === '\n' ? '\\n' : `\\${one}`))
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? '+Inf' : '-Inf'
}

/** What a name may consist of: org.apache.kafka.producer.record.rate → org_apache_kafka_producer_record_rate. */
export function metricName(text: string): string {
  const name = text.replaceAll(/[^A-Za-z0-9_]/g, '_')
  return /^[0-9]/.test(name) ? `_${name}` : name
}
