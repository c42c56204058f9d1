"""What the sandbox needs to know of a Slack app manifest."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SlashCommand:
    """A declared slash command: `/name`, what it is for, its usage hint, and whether mentions arrive as ids."""

    command: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(frozen=True)
class Manifest:
    """The installed app.

    Attributes:
        name: display name of the bot user.
        scopes: bot scopes granted; None grants every scope.
        events: bot events subscribed to, such as `message.channels`; None subscribes to every event.
        commands: declared slash commands.
    """

    name: str = "App"
    scopes: frozenset[str] | None = None
    events: frozenset[str] | None = None
    commands: tuple[SlashCommand, ...] = ()

    @classmethod
    def read(cls, manifest: dict[str, Any] | None) -> "Manifest":
        """The manifest as a dict in Slack's schema; without one, every scope and event and no commands."""
        if manifest is None:
            return cls()
        features, settings = manifest.get("features", {}), manifest.get("settings", {})
        known = SlashCommand.__dataclass_fields__
        return cls(
            name=features.get("bot_user", {}).get("display_name") or manifest["display_information"]["name"],
            scopes=frozenset(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", [])),
            events=frozenset(settings.get("event_subscriptions", {}).get("bot_events", [])),
            commands=tuple(
                SlashCommand(**{field: value for field, value in command.items() if field in known})
                for command in features.get("slash_commands", [])
            ),
        )

    def hears(self, event: str) -> bool:
        """Whether the app subscribed to the event."""
        return self.events is None or event in self.events
