// Below an answer, once it is complete: what changed since, the question again, and what might be asked next.
// Its props come from page/afterwards.py: question, filters, changes: [{number, source, kind, parts}], topics: [text].
import { useChatData, useChatInteract } from '@chainlit/react-client';

const say = (key, values) => window.pagewise?.say(key, values) ?? '';
const TAGS = { same: 'span', old: 'del', new: 'ins' };
const Part = ({ part: [kind, text] }) => {
  const Tag = TAGS[kind];
  return <Tag>{text}</Tag>;
};

export default function Afterwards() {
  const { question, changes, topics } = props;
  const { loading, connected } = useChatData();
  const { sendMessage } = useChatInteract();
  const disabled = loading || !connected;
  const ask = (output) => sendMessage({ threadId: '', name: 'reader', type: 'user_message', output });

  return (
    <div className="pw-afterwards">
      {changes.length > 0 && (
        <section className="pw-changes" role="note">
          <p>{say('changed.since')}</p>
          <ul>
            {changes.map(({ number, source, kind, parts }) => (
              <li key={number}>
                <span>[{number}] {source}: {say(`changed.${kind}`)}</span>
                <blockquote>{parts.map((part, index) => <Part key={index} part={part} />)}</blockquote>
              </li>
            ))}
          </ul>
        </section>
      )}
      <div className="pw-next">
        {question && (
          <button type="button" className="pw-again" disabled={disabled} onClick={() => ask(question)}>
            {say('again')}
          </button>
        )}
        <span className="pw-topics">
          {topics.map((topic) => (
            <button key={topic} type="button" disabled={disabled} onClick={() => ask(say('topic.question', { topic }))}>
              {topic}
            </button>
          ))}
        </span>
      </div>
    </div>
  );
}
