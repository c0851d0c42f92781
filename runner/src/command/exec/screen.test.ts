import { describe, expect, it } from 'vitest';
import { Screen, type ScreenOptions } from './screen.ts';

function screenOf(options: Partial<ScreenOptions> = {}): { screen: Screen; seen: string[] } {
  const seen: string[] = [];
  const screen = new Screen((text) => void seen.push(text), { colour: false, isTerminal: false, ...options });
  screen.begin(['a', 'longer']);
  return { screen, seen };
}

describe('the screen', () => {
  it('prints the step before each line, in columns', () => {
    const { screen, seen } = screenOf();
    screen.line('a', 'one');
    screen.line('longer', 'two');
    screen.note('a', 'three');
    expect(seen).toEqual(['a      | one', 'longer | two', 'a      | - three']);
  });

  it('prints each step in its colour, and resets styles that a step left on', () => {
    const { screen, seen } = screenOf({ colour: true });
    screen.line('a', '\u001b[31mred');
    screen.line('longer', 'x');
    expect(seen[0]).toBe('\u001b[32ma      |\u001b[39m \u001b[31mred\u001b[0m');
    expect(seen[1]).toContain('\u001b[33mlonger |');
  });

  it('adds no escape sequences without colours', () => {
    const { screen, seen } = screenOf();
    screen.say('x');
    screen.write(screen.bold('x') + screen.status('failure', 'x'));
    expect(seen.join('')).toBe('xxx');
  });

  it.each([
    ['a terminal gets only the last text after carriage returns', true, '10%\r50%\r100%', '100%'],
    ['a file gets the whole line', false, '10%\r50%\r100%', '10%\r50%\r100%'],
    ['a Windows line end is handled', true, 'text\r', 'text'],
  ])('%s', (_, isTerminal, text, visible) => {
    const { screen, seen } = screenOf({ isTerminal });
    screen.line('longer', text);
    expect(seen).toEqual([`longer | ${visible}`]);
  });

  it('lets no name move the cursor or break the columns', () => {
    const { screen, seen } = screenOf();
    const long = 'x'.repeat(100);
    screen.begin(['\u001b[2J', long]);
    screen.line('\u001b[2J', 'one');
    screen.line(long, 'two');
    expect(seen).toEqual([`${'?[2J'.padEnd(24)} | one`, `${'x'.repeat(23)}~ | two`]);
  });
});
