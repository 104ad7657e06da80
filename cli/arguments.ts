// The command line, read into what is to be done. Mistakes are one line that says what to do instead.

import { parseArgs } from 'node:util'

/** What the operator wrote cannot be done; the message says what can. Ends the command with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export interface ServeCommand {
  readonly name: 'serve'
  /** The path of a server.properties. */
  readonly configFile: string | null
  /** Kafka's server properties from the command line, --listen and --data among them. */
  readonly properties: Readonly<Record<string, string>>
}

export type Command = ServeCommand | { readonly name: 'help' } | { readonly name: 'version' }

export const helpText = `milena: a message broker with Apache Kafka's protocol and Apache Kafka's data format

  milena serve [options] [key=value …]

      --listen HOST:PORT    where to listen; port 0 takes a free one      (127.0.0.1:9092)
      --data DIR            where the data is kept                        (./data)
      --config FILE         a server.properties as Apache Kafka reads it
      key=value             any of Apache Kafka's server properties; goes before the file's

  milena --help
  milena --version

Ctrl-C shuts down cleanly, pressed again it stops at once.
`

export function parseArguments(words: readonly string[]): Command {
  let parsed: ReturnType<typeof parseWords>
  try {
    parsed = parseWords(words)
  } catch (error) {
    // Node's text goes on with advice about positional arguments, which is not ours.
    const text = error instanceof Error ? error.message.split(/\. |\n/)[0] : String(error)
    throw new UsageError(`${text}; milena --help shows what there is`)
  }
  const { values, positionals } = parsed
  if (values.version === true) return { name: 'version' }
  if (values.help === true || positionals[0] === 'help' || words.length === 0) return { name: 'help' }
  const [command, ...rest] = positionals
  if (command !== 'serve') {
    const what = command === undefined ? 'no command is given' : `there is no command '${command}'`
    throw new UsageError(`${what}; milena serve starts a broker, milena --help shows the rest`)
  }
  const properties: Record<string, string> = Object.fromEntries(rest.map(parseProperty))
  if (values.listen !== undefined) properties['listeners'] = parseListen(values.listen)
  if (values.data?.trim() === '') throw new UsageError('--data: write a directory, for example --data ./data')
  if (values.data !== undefined) properties['log.dirs'] = values.data
  return { name: 'serve', configFile: values.config ?? null, properties }
}

function parseWords(words: readonly string[]) {
  return parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      listen: { type: 'string' },
      data: { type: 'string' },
      config: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
  })
}

function parseProperty(word: string): [key: string, value: string] {
  const equals = word.indexOf('=')
  if (equals < 1) throw new UsageError(`'${word}' is not a property; write key=value, for example num.partitions=3`)
  return [word.slice(0, equals).trim(), word.slice(equals + 1).trim()]
}

/** `9092`, `:9092`, `localhost:9092`, `[::1]:0`. */
function parseListen(value: string): string {
  const [, host, port] = /^(?:(\[[0-9a-fA-F:.]+\]|[^:[\]/]*):)?(\d{1,5})$/.exec(value) ?? []
  if (port === undefined || Number(port) > 65535) {
    throw new UsageError(`--listen ${value}: write HOST:PORT, for example --listen 127.0.0.1:9092`)
  }
  return `PLAINTEXT://${host || '127.0.0.1'}:${port}`
}
