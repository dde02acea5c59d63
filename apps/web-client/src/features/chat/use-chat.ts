import { useEffect, useRef, useState } from 'react';
import type { ChatPiece } from '../../contract/chat-api.ts';
import { type Failure, failureOf } from '../../contract/failure.ts';
import { engine, telling, unwrap } from '../../shared/api/engine-client.ts';
import type { ChatSettings } from './chat-settings.ts';
import { askedAgain, askedOf, type Exchange, withPiece, withReplies } from './conversation.ts';

export interface ChatControls {
  readonly exchanges: readonly Exchange[];
  readonly isBusy: boolean;
  readonly failure: Failure | null;
  ask(exchange: Omit<Exchange, 'answers' | 'attempt'>): void;
  /** The last question once more. */
  askAgain(to: Pick<Exchange, 'asked' | 'hadPersonal'>): void;
  stop(): void;
  clear(): void;
}

/** A conversation with one model or two; it lives as long as its part of the page. */
export function useChat(settings: ChatSettings): ChatControls {
  const [exchanges, setExchanges] = useState<readonly Exchange[]>([]);
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  /** Pieces of a conversation that was cleared come too late. */
  const current = useRef(0);
  useEffect(() => {
    return () => {
      void engine().closeChat();
    };
  }, []);

  const run = async (begun: readonly Exchange[]) => {
    const mine = ++current.current;
    const change = (to: (all: readonly Exchange[]) => readonly Exchange[]) => {
      if (current.current === mine) setExchanges(to);
    };
    setFailure(null);
    setBusy(true);
    setExchanges(begun);
    try {
      const onPiece = (piece: ChatPiece) => change((all) => withPiece(all, piece));
      const outcome = await telling(onPiece, (tell) => engine().chat(askedOf(begun, settings), tell));
      const replies = unwrap(outcome);
      change((all) => withReplies(all, replies));
    } catch (error) {
      if (current.current === mine) setFailure(failureOf(error));
    } finally {
      if (current.current === mine) setBusy(false);
    }
  };
  return {
    exchanges,
    isBusy,
    failure,
    ask: (exchange) => void run([...exchanges, { ...exchange, answers: {}, attempt: 0 }]),
    askAgain: (to) => void run(askedAgain(exchanges, to)),
    stop: () => void engine().stopChat(),
    clear: () => {
      current.current++;
      void engine().closeChat();
      setExchanges([]);
      setFailure(null);
      setBusy(false);
    },
  };
}
