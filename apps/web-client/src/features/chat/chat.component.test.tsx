import type { ComponentProps } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { button, dialog, expectAccessible, field, see, seeFailure, seeNot, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import type { ChatApi, ChatPiece, ChatReplies, ChatReply } from '../../contract/chat-api.ts';
import type { Outcome } from '../../contract/outcome.ts';
import { Chat } from './chat.tsx';

const props: ComponentProps<typeof Chat> = {
  ready: { base: true, personal: true },
  working: false,
  isDemonstration: false,
};
const reply: ChatReply = { text: 'At seven.', tokens: 4, seconds: 2, reason: 'ended', forgotten: 0, module: null };
const replies: ChatReplies = {
  base: { ...reply, text: 'I do not know.' },
  personal: { ...reply, module: { round: 2, of: 'tuned' } },
};
const answerOf = (which: string) => page.getByTestId(`answer-${which}`);
const ask = async (question = 'When do you open?') => {
  await field('Your message').fill(question);
  await userEvent.keyboard('{Enter}');
};

/** Models that answer at once. */
function playModels(answers: Outcome<ChatReplies> = done(replies)) {
  const chat = vi.fn<ChatApi['chat']>(async () => answers);
  playWorker({ chat });
  return chat;
}

describe('Chat', () => {
  it('waits for its model', async () => {
    await show(<Chat {...props} ready={{ base: false, personal: false }} />);
    await see('The model isn’t loaded yet.');
    await field('Your message').fill('Hello');
    await expect.element(button('Send')).toBeDisabled();
    await expectAccessible();
  });

  it('is ready, and says what to expect of a small model and during work', async () => {
    await show(<Chat {...props} working isDemonstration />);
    await see(/^While rounds run, chat and tuning share the device/, /^perfit-nano is a demonstration model/);
    await expect.element(button('Send')).toBeDisabled();
    await expect.element(button('Ask again')).toBeDisabled();
    await expect.element(button('Clear')).toBeDisabled();
    await expectAccessible();
  });

  it('shows answers as they grow, one beside the other, and what each took', async () => {
    const answering = later<Outcome<ChatReplies>>();
    const chat = vi.fn<ChatApi['chat']>(async (_, onPiece) => {
      const piece: ChatPiece = { which: 'personal', text: 'At', tokens: 1, seconds: 0.5 };
      onPiece(piece);
      return answering.answer;
    });
    playWorker({ chat });
    await show(<Chat {...props} />);
    await ask();
    await expect.element(answerOf('personal')).toHaveTextContent('At');
    await expect.element(page.getByRole('status')).toHaveTextContent('Answering…');
    await see('reading the question');
    await expect.element(button('Stop')).toBeEnabled();
    await expectAccessible();
    answering.give(done(replies));
    await expect.element(answerOf('base')).toHaveTextContent('I do not know.');
    await expect.element(answerOf('personal')).toHaveTextContent('At seven.');
    await see('4 tokens, 2.0 tokens/s · round 2');
    await expect
      .element(page.getByRole('status'))
      .toHaveTextContent('Base model: I do not know. Your personal model: At seven.');
    expect(Object.keys(chat.mock.calls[0]?.[0].conversations ?? {})).toEqual(['base', 'personal']);
    await expectAccessible();
  });

  it('stops an answer, and says that it was stopped', async () => {
    const answering = later<Outcome<ChatReplies>>();
    const stopChat = vi.fn(async () => {
      answering.give(done({ base: { ...reply, text: 'At', reason: 'stopped' } }));
      return done(null);
    });
    playWorker({ chat: () => answering.answer, stopChat });
    await show(<Chat {...props} ready={{ base: true, personal: false }} />);
    await ask();
    await button('Stop').click();
    await see(/tokens\/s · stopped$/, 'It wasn’t available yet: it comes with the first tuning.');
    await expect.element(button('Send')).toBeVisible();
    expect(stopChat).toHaveBeenCalledOnce();
  });

  it('says why an answer broke off, and can be asked again', async () => {
    playModels(refused('device-lost', 'The graphics processor is gone.'));
    await show(<Chat {...props} />);
    await ask();
    await seeFailure('The answer was interrupted', 'The graphics processor is gone.', 'device-lost');
    await expectAccessible();
    const chat = playModels();
    await button('Ask again').click();
    await expect.element(answerOf('base')).toHaveTextContent('I do not know.');
    await expect.element(page.getByRole('alert')).not.toBeInTheDocument();
    const options = chat.mock.calls[0]?.[0].options.base;
    expect(options?.seed).toBe(2);
  });

  it('remembers what was said until it is cleared', async () => {
    const chat = playModels();
    playWorker({ closeChat: async () => done(null) });
    await show(<Chat {...props} />);
    await ask();
    await expect.element(answerOf('base')).toBeVisible();
    await ask('And on Sunday?');
    await expect.poll(() => chat.mock.calls.length).toBe(2);
    expect(chat.mock.calls[1]?.[0].conversations.base?.map(({ content }) => content)).toEqual([
      'When do you open?',
      'I do not know.',
      'And on Sunday?',
    ]);
    await expect.element(button('Send')).toBeVisible();
    await button('Clear').click();
    await expect.element(page.getByRole('log')).not.toBeInTheDocument();
    await expect.element(button('Clear')).toBeDisabled();
  });

  it('asks one of the two where that is chosen', async () => {
    const chat = playModels(done({ personal: replies.personal as ChatReply }));
    await show(<Chat {...props} />);
    await page.getByRole('radiogroup', { name: 'Who answers' }).getByText('Personal').click();
    await ask();
    await expect.element(answerOf('personal')).toHaveTextContent('At seven.');
    await expect.element(answerOf('base')).not.toBeInTheDocument();
    expect(Object.keys(chat.mock.calls[0]?.[0].conversations ?? {})).toEqual(['personal']);
  });

  it('writes a new line with Shift, and sends nothing that is empty', async () => {
    const chat = playModels();
    await show(<Chat {...props} />);
    await field('Your message').click();
    await userEvent.keyboard('{Enter}');
    await userEvent.keyboard('a{Shift>}{Enter}{/Shift}b');
    await expect.element(field('Your message')).toHaveValue('a\nb');
    expect(chat).not.toHaveBeenCalled();
  });

  it('has settings that stay, and can be put back', async () => {
    const chat = playModels();
    const { unmount } = await show(<Chat {...props} />);
    const settings = button('Settings');
    await expect.element(settings).toHaveAttribute('aria-expanded', 'false');
    await settings.click();
    await expect.element(button('Reset to defaults')).toBeDisabled();
    await field('Temperature').fill('0');
    await see(/^Temperature 0 always takes the most likely word/);
    await field('System prompt (optional)').fill('You are a baker.');
    await expectAccessible();
    await unmount();
    await show(<Chat {...props} />);
    await ask();
    await expect.poll(() => chat.mock.calls[0]?.[0].options.base?.temperature).toBe(0);
    expect(chat.mock.calls[0]?.[0].conversations.base?.[0]).toEqual({ role: 'system', content: 'You are a baker.' });
    await button('Settings').click();
    await button('Reset to defaults').click();
    await expect.element(field('Temperature')).toHaveValue('0.5');
  });
});

describe('Starts', () => {
  const examples = Array.from({ length: 5 }, (_, i) => ({ prompt: `Question ${i + 1}`, response: `Answer ${i + 1}` }));

  it('keeps room before there is a model, and offers some examples then', async () => {
    playWorker({ heldOutExamples: async () => done({ examples, total: 120 }) });
    const { change } = await show(<Chat {...props} ready={{ base: false, personal: false }} hasExamples />);
    await expect.element(button('Choose a held-out example')).toBeDisabled();
    await change(<Chat {...props} hasExamples />);
    await expect.element(button('Question 3')).toBeVisible();
    await seeNot('Question 4');
    await expectAccessible();
  });

  it('puts one into the message, and shows what was expected beside the answers', async () => {
    playModels();
    playWorker({ heldOutExamples: async () => done({ examples, total: 5 }) });
    await show(<Chat {...props} hasExamples />);
    await button('Question 2').click();
    await expect.element(field('Your message')).toHaveValue('Question 2');
    await expect.element(field('Your message')).toHaveFocus();
    await userEvent.keyboard('{Enter}');
    await expect.element(answerOf('expected')).toHaveTextContent('Answer 2');
    await see('Held out: no model was trained on it.');
  });

  it('lists all of them, to be searched', async () => {
    playWorker({ heldOutExamples: async () => done({ examples, total: 120 }) });
    await show(<Chat {...props} hasExamples />);
    await button('Show all (5)').click();
    const list = dialog('Choose a held-out example');
    await expect.element(list).toHaveTextContent('The first 5 of 120.');
    await expectAccessible();
    await field('Search examples').fill('answer 9');
    await see('No matching examples.');
    await field('Search examples').fill('answer 5');
    await list.getByRole('button', { name: /^Question 5/ }).click();
    await expect.element(field('Your message')).toHaveValue('Question 5');
    await expect.element(list).not.toBeInTheDocument();
  });

  it('offers nothing where there is nothing to offer', async () => {
    playWorker({ heldOutExamples: async () => refused('not-ready', 'There are none.') });
    await show(<Chat {...props} hasExamples />);
    await seeNot(/^Start with one of your held-out examples/);
  });
});
