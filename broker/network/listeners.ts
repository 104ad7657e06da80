// The properties `listeners`, `advertised.listeners` and `controller.listener.names`: where the broker listens, and
// what it tells clients to connect to.
//
//   listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093     NAME://HOST:PORT, comma-separated

import type { Address } from '../../host/network.ts'

export interface ListenerAddress extends Address {
  /** In capitals, e.g. PLAINTEXT. */
  readonly name: string
}

/** A mistake of the operator's, as one line that says what to do. */
export class ListenerError extends Error {}

const LISTENER = /^([A-Za-z0-9_]+):\/\/(\[[0-9a-fA-F:.]+\]|[^:/\s]*):(\d+)$/
const MAX_PORT = 65_535
const PLAINTEXT = 'PLAINTEXT'
const ANY_HOSTS = new Set(['0.0.0.0', '::'])

export function parseListeners(property: string, parts: readonly string[]): ListenerAddress[] {
  return parts.map((part) => {
    const match = LISTENER.exec(part)
    const [, name = '', host = '', port = ''] = match ?? []
    if (match === null || Number(port) > MAX_PORT) {
      throw new ListenerError(`${property}: '${part}' is not NAME://HOST:PORT, as in PLAINTEXT://127.0.0.1:9092`)
    }
    return { name: name.toUpperCase(), host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
  })
}

export interface ListenerPlan {
  readonly listen: ListenerAddress
  /** Port 0: the port that listening takes. */
  readonly advertise: ListenerAddress
  /** Where tools reach the controller past the broker; null: nowhere. */
  readonly controller: { readonly listen: ListenerAddress; readonly advertise: ListenerAddress } | null
}

/**
 * The one client listener of this broker, and the one of its controller, if it has one: broker and controller share a
 * process, and need none between them.
 * `securityProtocols`: listener.security.protocol.map.
 */
export function planListener(
  listeners: readonly string[],
  advertised: readonly string[] | null,
  controllerNames: readonly string[],
  securityProtocols: ReadonlyMap<string, string>,
): ListenerPlan {
  const isClient = ({ name }: ListenerAddress): boolean => !controllerNames.includes(name)
  const all = parseListeners('listeners', listeners)
  const advertisedAll = parseListeners('advertised.listeners', advertised ?? [])
  const [listen, ...others] = all.filter(isClient)
  if (listen === undefined)
    throw new ListenerError('listeners names no listener for clients; add PLAINTEXT://HOST:PORT')
  if (others.length > 0) {
    throw new ListenerError(
      `listeners names ${others.length + 1} listeners for clients, one is supported: leave out ${others[0]?.name}`,
    )
  }
  const protocol = securityProtocols.get(listen.name) ?? listen.name
  if (protocol !== PLAINTEXT) {
    throw new ListenerError(`listener ${listen.name} asks for ${protocol}; only PLAINTEXT is supported`)
  }
  const advertise = advertisedAll.find(isClient) ?? listen
  if (advertise.name !== listen.name) {
    throw new ListenerError(
      `advertised.listeners names ${advertise.name}, which listeners lacks; it has ${listen.name}`,
    )
  }
  if (ANY_HOSTS.has(advertise.host) || advertise.host === '') {
    throw new ListenerError(
      `clients cannot connect to '${advertise.host}': set advertised.listeners=${listen.name}://HOST:${listen.port}, ` +
        'with a host that they can reach',
    )
  }
  return {
    listen,
    advertise,
    controller: planController(all, advertisedAll, controllerNames, securityProtocols, advertise),
  }
}

/** A listener that asks for more than PLAINTEXT is left closed: no other node needs it yet. */
function planController(
  all: readonly ListenerAddress[],
  advertised: readonly ListenerAddress[],
  controllerNames: readonly string[],
  securityProtocols: ReadonlyMap<string, string>,
  { host }: ListenerAddress,
): ListenerPlan['controller'] {
  const listen = all.find(({ name }) => controllerNames.includes(name))
  if (listen === undefined || (securityProtocols.get(listen.name) ?? PLAINTEXT) !== PLAINTEXT) return null
  const given = advertised.find(({ name }) => name === listen.name) ?? listen
  const isAny = given.host === '' || ANY_HOSTS.has(given.host)
  return { listen, advertise: isAny ? { ...given, host } : given }
}

/** `A:1,B:2`, the form of several properties. */
export function parsePairs(text: string): Map<string, string> {
  const pairs = text.split(',').filter((part) => part.trim() !== '')
  return new Map(
    pairs.map((pair) => {
      const colon = pair.lastIndexOf(':')
      return [pair.slice(0, colon).trim(), pair.slice(colon + 1).trim()]
    }),
  )
}
