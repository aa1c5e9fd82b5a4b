/**
 * The part of ZEN that pages need while somebody types: comparisons, `and`/`or`/`not`, `in`, paths, literals.
 * The server evaluates the full language and has the last word; what is not understood here is `unknown`.
 */

type Evaluate = (context: unknown) => unknown;
type Token = { kind: 'number' | 'string' | 'name' | 'symbol' | 'end'; text: string };

class Unknown extends Error {}

const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|'([^']*)'|"([^"]*)"|([A-Za-z_$][\w$]*)|(==|!=|<=|>=|&&|\|\||[<>()[\],.!+\-*/?:]))/y;

function tokens(source: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  const text = source.trimEnd();
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (!match) throw new Unknown();
    const [, number, single, double, name, symbol] = match;
    if (number !== undefined) found.push({ kind: 'number', text: number });
    else if (single !== undefined || double !== undefined) found.push({ kind: 'string', text: single ?? double ?? '' });
    else if (name !== undefined) found.push({ kind: 'name', text: name });
    else found.push({ kind: 'symbol', text: symbol ?? '' });
  }
  found.push({ kind: 'end', text: '' });
  return found;
}

function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value);
}

/** Decimals travel as strings; beside a number they count as numbers. */
function level(left: unknown, right: unknown): [unknown, unknown] {
  if (typeof left === 'number' && isDecimal(right)) return [left, Number(right)];
  if (typeof right === 'number' && isDecimal(left)) return [Number(left), right];
  return [left ?? null, right ?? null];
}

function equal(left: unknown, right: unknown): boolean {
  const [a, b] = level(left, right);
  return a === b;
}

function ordered(left: unknown, right: unknown): number | null {
  const [a, b] = level(left, right);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return null;
}

const COMPARE: Record<string, (left: unknown, right: unknown) => boolean> = {
  '==': equal,
  '!=': (left, right) => !equal(left, right),
  '<': (left, right) => (ordered(left, right) ?? 1) < 0,
  '<=': (left, right) => (ordered(left, right) ?? 1) <= 0,
  '>': (left, right) => (ordered(left, right) ?? -1) > 0,
  '>=': (left, right) => (ordered(left, right) ?? -1) >= 0,
};

class Parser {
  private at = 0;

  constructor(private readonly list: Token[]) {}

  whole(): Evaluate {
    const result = this.or();
    if (this.peek().kind !== 'end') throw new Unknown();
    return result;
  }

  private peek(): Token {
    return this.list[this.at] ?? { kind: 'end', text: '' };
  }

  private take(...texts: string[]): string | null {
    const token = this.peek();
    if (token.kind === 'string' || !texts.includes(token.text)) return null;
    this.at += 1;
    return token.text;
  }

  private need(text: string): void {
    if (!this.take(text)) throw new Unknown();
  }

  private or(): Evaluate {
    let left = this.and();
    while (this.take('or', '||')) {
      const [a, b] = [left, this.and()];
      left = (context) => Boolean(a(context)) || Boolean(b(context));
    }
    return left;
  }

  private and(): Evaluate {
    let left = this.not();
    while (this.take('and', '&&')) {
      const [a, b] = [left, this.not()];
      left = (context) => Boolean(a(context)) && Boolean(b(context));
    }
    return left;
  }

  private not(): Evaluate {
    if (!this.take('not', '!')) return this.comparison();
    const inner = this.not();
    return (context) => !inner(context);
  }

  private comparison(): Evaluate {
    const left = this.value();
    const symbol = this.take('==', '!=', '<=', '>=', '<', '>');
    if (symbol) {
      const right = this.value();
      return (context) => COMPARE[symbol]!(left(context), right(context));
    }
    const negated = Boolean(this.take('not'));
    if (this.take('in')) {
      const right = this.value();
      return (context) => {
        const list = right(context);
        const inside = Array.isArray(list) && list.some((item) => equal(left(context), item));
        return inside !== negated;
      };
    }
    if (negated) throw new Unknown();
    return left;
  }

  private value(): Evaluate {
    if (this.take('(')) {
      const inner = this.or();
      this.need(')');
      return inner;
    }
    if (this.take('[')) return this.array();
    if (this.take('-')) {
      const inner = this.value();
      return (context) => -Number(inner(context));
    }
    const token = this.peek();
    this.at += 1;
    if (token.kind === 'number') return () => Number(token.text);
    if (token.kind === 'string') return () => token.text;
    if (token.kind !== 'name') throw new Unknown();
    if (token.text === 'true') return () => true;
    if (token.text === 'false') return () => false;
    if (token.text === 'null') return () => null;
    return this.path(token.text);
  }

  private array(): Evaluate {
    const items: Evaluate[] = [];
    while (!this.take(']')) {
      items.push(this.or());
      if (!this.take(',')) {
        this.need(']');
        break;
      }
    }
    return (context) => items.map((item) => item(context));
  }

  private path(first: string): Evaluate {
    if (this.peek().text === '(' && this.peek().kind === 'symbol') throw new Unknown();
    const steps = [first];
    for (;;) {
      if (this.take('.')) {
        const next = this.peek();
        if (next.kind !== 'name') throw new Unknown();
        this.at += 1;
        steps.push(next.text);
      } else if (this.take('[')) {
        const next = this.peek();
        if (next.kind !== 'number') throw new Unknown();
        this.at += 1;
        this.need(']');
        steps.push(next.text);
      } else return (context) => steps.reduce<unknown>(member, context);
    }
  }
}

function member(value: unknown, step: string): unknown {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) return null;
  return (value as Record<string, unknown>)[step];
}

const compiled = new Map<string, Evaluate | null>();

function compile(source: string): Evaluate | null {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  let result: Evaluate | null = null;
  try {
    result = new Parser(tokens(source)).whole();
  } catch (error) {
    if (!(error instanceof Unknown)) throw error;
  }
  compiled.set(source, result);
  return result;
}

/** The truth of a condition, or `otherwise` when it is absent or beyond this subset. */
export function holds(condition: string | null | undefined, context: unknown, otherwise: boolean): boolean {
  if (!condition) return otherwise;
  const evaluate = compile(condition);
  return evaluate ? Boolean(evaluate(context)) : otherwise;
}
