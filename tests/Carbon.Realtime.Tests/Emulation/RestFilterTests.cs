using System.Text.Json.Nodes;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>Every operator, and every trap of PostgREST's grammar that a client can fall into.</summary>
public sealed class RestFilterTests
{
    private readonly RestWorld _world = new();

    public RestFilterTests()
    {
        _world.Emulator.CreateEnum("size", "small", "medium", "large");
        _world.Emulator.CreateTable("part", static t => t
            .Column("id", "int4").Column("name", "text").Column("qty", "int8").Column("price", "numeric").Column("size", "size").Column("active", "bool")
            .Column("at", "timestamptz").Column("key", "uuid").Column("tags", "_text").Column("raw", "json").Column("doc", "jsonb").Column("order", "int4")
            .PrimaryKey("id"));
        Insert(1, "a", new JsonObject { ["qty"] = 1, ["price"] = 1.50m, ["size"] = "small", ["active"] = true, ["tags"] = new JsonArray("x", "y") });
        Insert(2, "b,c", new JsonObject { ["qty"] = 9007199254740993, ["price"] = "NaN", ["size"] = "large", ["active"] = false, ["tags"] = new JsonArray("y") });
        Insert(3, "(d) e", new JsonObject { ["qty"] = -1, ["price"] = 10, ["at"] = "2026-01-05T00:00:00+00:00", ["order"] = 7, ["doc"] = new JsonObject { ["k"] = 1 } });
        Insert(4, "\"f\"", new JsonObject { ["key"] = "11111111-2222-3333-4444-555555555555" });
        Insert(5, null, []);
        Insert(6, "", []);
        Insert(7, "10*%", []);
    }

    [Theory]
    [InlineData("id=eq.3", "3")]
    [InlineData("id=neq.3", "1 2 4 5 6 7")]
    [InlineData("id=gt.5", "6 7")]
    [InlineData("id=gte.5", "5 6 7")]
    [InlineData("id=lt.3", "1 2")]
    [InlineData("id=lte.3", "1 2 3")]
    [InlineData("id=gt.2&id=lt.5", "3 4")]
    [InlineData("id=in.(1,3,9)", "1 3")]
    [InlineData("id=not.in.(1,3,9)", "2 4 5 6 7")]
    [InlineData("id=not.eq.3", "1 2 4 5 6 7")]
    [InlineData("name=like.*c", "2")]
    [InlineData("name=not.like.*a*", "2 3 4 6 7")]
    [InlineData("name=ilike.B%25", "2")]
    [InlineData("name=match.^.$", "1")]
    [InlineData("name=imatch.^A", "1")]
    [InlineData("active=is.true", "1")]
    [InlineData("active=is.unknown", "3 4 5 6 7")]
    [InlineData("name=is.null", "5")]
    [InlineData("name=is.not_null", "1 2 3 4 6 7")]
    [InlineData("name=not.is.null", "1 2 3 4 6 7")]
    [InlineData("active=is.TRUE", "1")]
    [InlineData("tags=cs.{x}", "1")]
    [InlineData("tags=cd.{x,y,z}", "1 2")]
    [InlineData("tags=ov.{x,z}", "1")]
    [InlineData("tags=eq.{x,y}", "1")]
    [InlineData("size=gt.small", "2")]
    [InlineData("size=in.(small,medium)", "1")]
    [InlineData("doc=eq.{\"k\":1}", "3")]
    [InlineData("key=eq.11111111-2222-3333-4444-555555555555", "4")]
    [InlineData("qty=eq.9007199254740993", "2")]
    [InlineData("qty=eq.9007199254740992", "")]
    public async Task Operators(string filter, string ids) => (await _world.IdsAsync(filter)).Should().Be(ids);

    [Theory]
    [InlineData("name=eq.null", "")]
    [InlineData("name=neq.a", "2 3 4 6 7")]
    [InlineData("name=isdistinct.a", "2 3 4 5 6 7")]
    [InlineData("name=not.isdistinct.a", "1")]
    [InlineData("name=in.(null)", "")]
    [InlineData("name=in.()", "")]
    [InlineData("name=not.in.()", "1 2 3 4 5 6 7")]
    [InlineData("price=eq.1.5", "1")]
    [InlineData("price=gt.9999999999", "2")]
    [InlineData("or=(name.neq.a,name.eq.a)", "1 2 3 4 6 7")]
    [InlineData("not.and=(name.eq.a,id.eq.9)", "1 2 3 4 5 6 7")]
    [InlineData("not.or=(name.eq.a,id.eq.9)", "2 3 4 6 7")]
    public async Task Null_is_neither_equal_nor_unequal_and_NaN_is_above_all(string filter, string ids) => (await _world.IdsAsync(filter)).Should().Be(ids);

    [Theory]
    [InlineData("or=(id.eq.1,id.eq.2)", "1 2")]
    [InlineData("and=(id.gt.1,id.lt.4)", "2 3")]
    [InlineData("or=(id.eq.1,and(id.gt.2,not.or(id.eq.4,id.gt.5)))", "1 3 5")]
    [InlineData("or=( id.eq.1 , id.not.in.(1,2,3,4,5,6) )", "1 7")]
    [InlineData("or=(id.eq.1)", "1")]
    [InlineData("or=(tags.cs.{x,y},id.eq.2)", "1 2")]
    [InlineData("or=(\"order\".eq.7,id.eq.1)", "1 3")]
    [InlineData("id=gte.2&or=(id.gt.6,and(id.eq.2,name.gt.\"a\"))", "2 7")]
    public async Task Groups_nest(string filter, string ids) => (await _world.IdsAsync(filter)).Should().Be(ids);

    [Theory]
    [InlineData("name=eq.b,c", "2", "a scalar at the top level is the rest of the text")]
    [InlineData("name=eq.(d)+e", "3", "a plus is a blank")]
    [InlineData("name=eq.\"f\"", "4", "quotes are literal there")]
    [InlineData("name=eq.\"a\"", "", "quotes are literal there")]
    [InlineData("name=eq.", "6", "nothing is the empty text")]
    [InlineData("name=in.(a,\"b,c\",\"(d) e\")", "1 2 3", "elements may be quoted")]
    [InlineData("name=in.(\"\\\"f\\\"\")", "4", "and escaped")]
    [InlineData("name=in.( \"a\")", "1", "blanks after the parenthesis are trimmed")]
    [InlineData("name=in.(a, \"b,c\")", "1", "but not those of a later element, which is raw then")]
    [InlineData("name=in.(\"\")", "", "a list of one empty text is the empty list")]
    [InlineData("name=in.(\"\",\"\")", "6", "a list of two is not")]
    [InlineData("id=in.(1)b,2)", "1", "what follows the parenthesis is dropped")]
    [InlineData("name=in.((d) e)", "", "an unquoted parenthesis ends the list")]
    [InlineData("name=is.nullable", "5", "is looks at the word alone")]
    [InlineData("or=(name.eq.b,c)", "(400, PGRST100)", "in a group a comma ends the value")]
    [InlineData("or=(name.eq.\"b,c\")", "2", "and quotes protect it")]
    [InlineData("or=(name.eq.\"\\\"f\\\"\")", "4", "and are escaped")]
    [InlineData("or=(name.eq.a ,id.eq.9)", "", "a blank before the comma belongs to the value")]
    [InlineData("or=(id.eq.1)) or more", "1", "what follows the parenthesis is ignored")]
    [InlineData("or=(name.eq.(d) e,id.eq.1)", "", "an unquoted parenthesis ends the group")]
    [InlineData("name=eq.%28d%29%20e", "3", "percent-encoding is undone before anything is parsed")]
    [InlineData("id=in.%281%2C2%29", "1 2", "and protects nothing")]
    [InlineData("name=eq.a;id=eq.1", "1", "a semicolon parts parameters")]
    [InlineData("name=like.10**", "7", "every star is a per cent sign")]
    [InlineData("name=like.10\\*\\%25", "", "an escaped one too, so that no star can be looked for")]
    [InlineData("name=like.10_\\%25", "7", "and a backslash escapes the per cent sign")]
    [InlineData("\"order\"=eq.7", "3", "a column named like a parameter is quoted")]
    [InlineData("and=(order.eq.7)", "3", "or in a group")]
    [InlineData("junk", "1 2 3 4 5 6 7", "a parameter without a value is dropped")]
    public async Task Traps(string filter, string ids, string because) => (await _world.IdsAsync(filter)).Should().Be(ids, because);

    [Theory]
    [InlineData("id=", 400, "PGRST100")]
    [InlineData("id=foo.1", 400, "PGRST100")]
    [InlineData("id=in.(1", 400, "PGRST100")]
    [InlineData("or=()", 400, "PGRST100")]
    [InlineData("or=(id.eq.1", 400, "PGRST100")]
    [InlineData("_=1", 400, "PGRST100")]
    [InlineData("no=eq.1", 400, "42703")]
    [InlineData("or=(no.eq.1)", 400, "42703")]
    [InlineData("other.id=eq.1", 400, "PGRST108")]
    [InlineData("id=eq.x", 400, "22P02")]
    [InlineData("id=in.(1,x)", 400, "22P02")]
    [InlineData("id=eq.99999999999", 400, "22003")]
    [InlineData("id=eq.null", 400, "22P02")]
    [InlineData("key=eq.x", 400, "22P02")]
    [InlineData("size=eq.huge", 400, "22P02")]
    [InlineData("tags=cs.x", 400, "22P02")]
    [InlineData("at=gt.2026-01-05T02:00:00+02:00", 400, "22007")]
    [InlineData("id=is.true", 400, "42804")]
    [InlineData("id=like.1*", 404, "42883")]
    [InlineData("name=cs.{a}", 404, "42883")]
    [InlineData("raw=eq.1", 404, "42883")]
    [InlineData("name=fts.a", 501, "EMULATOR")]
    [InlineData("id=eq(any).{1}", 501, "EMULATOR")]
    [InlineData("doc->k=eq.1", 501, "EMULATOR")]
    public async Task What_is_wrong_with_a_filter_is_told_by_its_code(string filter, int status, string code) =>
        (await _world.IdsAsync(filter)).Should().Be((status, code).ToString());

    [Fact]
    public async Task Blanks_at_its_end_are_no_part_of_a_char_and_a_citext_has_no_case()
    {
        _world.Emulator.CreateTable("spelled", static t => t.Column("id", "int4").Column("fixed", "bpchar").Column("free", "citext").PrimaryKey("id"));
        _world.Emulator.Insert("spelled", """{"id":1,"fixed":"ab   ","free":"Abc"}""");

        foreach (var filter in (string[])["fixed=eq.ab", "fixed=in.(ab,c)", "free=eq.aBC", "free=like.a*", "free=match.^a"])
        {
            (await _world.IdsAsync(filter, "spelled")).Should().Be("1", filter);
        }

        (await _world.IdsAsync("fixed=eq. ab", "spelled")).Should().BeEmpty("blanks at its beginning are");
    }

    [Fact]
    public async Task An_encoded_plus_is_the_offset_of_a_time()
    {
        (await _world.IdsAsync("at=gt.2026-01-05T02:00:00%2B03:00")).Should().Be("3");
        (await _world.IdsAsync("at=gt.2026-01-05T02:00:00%2B02:00")).Should().BeEmpty();
    }

    private void Insert(int id, string? name, JsonObject more)
    {
        more["id"] = id;
        more["name"] = name;
        _world.Emulator.Insert("part", more);
    }
}
